import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The column alone, in an instant: the rows are filled by the backfill `leads-last-call-direction`. */
export class AddLastCallDirection1754006400000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE leads ADD COLUMN last_call_direction text`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE leads DROP COLUMN last_call_direction`);
  }
}
