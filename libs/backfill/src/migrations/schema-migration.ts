import type { MigrationInterface, QueryRunner } from 'typeorm';
import type { DataExemption, IncompletePolicy } from './migration.options.js';
import { type MigrationMethod, runBehindGuard } from './run/migration.run.js';

/**
 * A migration that changes the schema and no rows. `up` and `down` stay TypeORM's own; what they are handed is a guarded query runner
 * under the DDL policy (`lock_timeout` 5 s), which refuses changes of rows before they are sent, whichever way they take.
 *
 * It works the same under TypeORM's command line, `dataSource.runMigrations()`, `migrationsRun: true` and `--migrate`, in the
 * transaction modes `all`, `each` and `none`, and with `transaction = false`.
 *
 * @publicApi
 * @throws DataInMigrationError when the migration is about to change rows, or runs SQL that cannot be read
 * @throws RowsWrittenError when PostgreSQL's row counters show rows that SQL unread beforehand has written
 * @throws MigrationBlockedError when it does not get its locks
 * @throws RequirementNotMetError when a backfill that it requires is not complete
 * @example
 * export class AddLastCallDirection1700000000000 extends SchemaMigration {
 *   async up(queryRunner: QueryRunner): Promise<void> {
 *     await queryRunner.query(`ALTER TABLE leads ADD COLUMN last_call_direction text`);
 *   }
 *   async down(queryRunner: QueryRunner): Promise<void> {
 *     await queryRunner.query(`ALTER TABLE leads DROP COLUMN last_call_direction`);
 *   }
 * }
 */
export abstract class SchemaMigration implements MigrationInterface {
  /** Lets this migration change rows of these tables; logged at each run, listed by `--status`. @default none */
  static readonly allowsData?: DataExemption;
  /** Backfills that must be proved complete before `up()`. @default none */
  static readonly requires?: readonly string[];
  /** Run what is left of `requires` in place, committed batch by batch, before the migration's own transaction. @default false */
  static readonly finish?: boolean;
  /** What to do while `requires` is not complete. @default 'fail' */
  static readonly onIncomplete?: IncompletePolicy;

  /** As in TypeORM. */
  declare readonly name?: string;
  /** As in TypeORM: `false` runs it outside of a transaction. */
  declare readonly transaction?: boolean;

  constructor() {
    // The subclass's own methods and fields come to lie on this proxy or behind it; both are found when TypeORM asks for them.
    return new Proxy(this, { get: getGuarded });
  }

  abstract up(queryRunner: QueryRunner): Promise<void>;
  abstract down(queryRunner: QueryRunner): Promise<void>;
}

function getGuarded(target: SchemaMigration, property: string | symbol, receiver: unknown): unknown {
  const value: unknown = Reflect.get(target, property, receiver);
  if ((property !== 'up' && property !== 'down') || typeof value !== 'function') return value;
  const method = value as MigrationMethod;
  return (queryRunner: QueryRunner) =>
    runBehindGuard(receiver as SchemaMigration, property, method, queryRunner);
}
