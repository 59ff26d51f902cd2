import { SchemaMigration, setNotNull } from 'nestjs-backfill';
import type { QueryRunner } from 'typeorm';

/**
 * The end of the story that `AddLastCallDirection` began: every lead has a direction, so the column may say so.
 * Until the backfill is proved complete, a deployment leaves this for the next one.
 */
export class RequireLastCallDirection1759276800000 extends SchemaMigration {
  static override readonly requires = ['leads-last-call-direction'];
  static override readonly onIncomplete = 'defer';

  /** Each of its steps commits by itself, so that no lock is held while the table is scanned. */
  override readonly transaction = false;

  async up(queryRunner: QueryRunner): Promise<void> {
    await setNotNull(queryRunner, 'leads', 'last_call_direction');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE leads ALTER COLUMN last_call_direction DROP NOT NULL`);
  }
}
