import { SchemaMigration } from 'nestjs-backfill';
import type { QueryRunner } from 'typeorm';

/**
 * Adds only the column, which takes an instant. Its values are written by the backfill
 * `leads-last-call-direction`.
 */
export class AddLastCallDirection1754006400000 extends SchemaMigration {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE leads ADD COLUMN last_call_direction text`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE leads DROP COLUMN last_call_direction`);
  }
}
