import { SchemaMigration } from 'nestjs-backfill';
import type { QueryRunner } from 'typeorm';

/**
 * Adds only the column, which takes an instant. Its values are written by the backfill `leads-search-name`.
 */
export class AddSearchName1756684800000 extends SchemaMigration {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE leads ADD COLUMN search_name text`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE leads DROP COLUMN search_name`);
  }
}
