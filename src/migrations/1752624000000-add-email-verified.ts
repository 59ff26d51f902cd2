import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * An old migration, unchanged: it adds a column and fills it for every existing lead. While it ran, no
 * other session could update a lead. It is grandfathered for the guard in `nestjs-backfill-baseline.json`,
 * and for `--migrate` in `app.module.ts`.
 */
export class AddEmailVerified1752624000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE leads ADD COLUMN email_verified boolean NOT NULL DEFAULT false`);
    await queryRunner.query(`UPDATE leads SET email_verified = true`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE leads DROP COLUMN email_verified`);
  }
}
