import { SchemaMigration, setNotNull } from 'nestjs-backfill';
import type { QueryRunner } from 'typeorm';

/**
 * The contract migration for `AddLastCallDirection`: every lead has a direction, so the column becomes NOT
 * NULL. Until the backfill is proved complete, a deployment defers this migration to the next one.
 */
export class RequireLastCallDirection1759276800000 extends SchemaMigration {
  static override readonly requires = ['leads-last-call-direction'];
  static override readonly onIncomplete = 'defer';

  /** Each step commits by itself, so that no lock is held during the scan of the table. */
  override readonly transaction = false;

  async up(queryRunner: QueryRunner): Promise<void> {
    await setNotNull(queryRunner, 'leads', 'last_call_direction');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE leads ALTER COLUMN last_call_direction DROP NOT NULL`);
  }
}
