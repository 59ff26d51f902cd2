import type { MigrationInterface, QueryRunner } from 'typeorm';
import type { DataExemption, IncompletePolicy, LockExemption, LocksPolicy } from './migration.options.js';
import { DECLARED_TRANSACTION } from './run/declared-transaction.js';
import { type MigrationMethod, runGuarded } from './run/guarded-migration.runner.js';

/**
 * Marks migrations of every copy of the library, so that all are guarded: an application may load the ES module build
 * and the CommonJS build.
 */
const IS_SCHEMA_MIGRATION = Symbol.for('nestjs-backfill:schema-migration');

/**
 * A migration that changes the schema and no rows. `up` and `down` have the same signatures as in TypeORM.
 * They receive a guarded query runner with the DDL policy (`lock_timeout` 5 s). The guard refuses data
 * changes of every TypeORM API before they are sent.
 *
 * It works under TypeORM's command line, `dataSource.runMigrations()`, `migrationsRun: true` and `--migrate`,
 * in the transaction modes `all`, `each` and `none`, and with `transaction = false`.
 *
 * @publicApi
 * @throws DataInMigrationError if the migration tries to change rows, or runs SQL that the guard cannot read
 * @throws DangerousLockError if a statement's locks can take the application down
 * @throws RowsWrittenError if PostgreSQL's row counters show that SQL that the guard cannot read has written
 * rows
 * @throws MigrationBlockedError if it does not get its locks
 * @throws RequirementNotMetError if a required backfill is not complete
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
  /** Tables whose rows it may change; logged at each run and listed by `--status`. @default none */
  static readonly allowsData?: DataExemption;
  /** Lock rules that do not apply to it; logged at each run. @default none */
  static readonly allowsLocks?: LockExemption;
  /** The policy of lock rules for this migration. @default that of the data source */
  static readonly locks?: LocksPolicy;
  /** Backfills that must be proved complete before `up()`. @default none */
  static readonly requires?: readonly string[];
  /** Run the remaining batches of `requires` first, before the migration's transaction. @default false */
  static readonly finish?: boolean;
  /** The behaviour if `requires` is not complete. @default 'fail' */
  static readonly onIncomplete?: IncompletePolicy;

  /** As in TypeORM. */
  declare readonly name?: string;
  /** As in TypeORM: `false` runs it outside a transaction. */
  declare readonly transaction?: boolean;

  constructor() {
    // TypeORM finds the methods and fields of the subclass, whether they are on this proxy or on its target.
    return new Proxy(this, { get: getGuarded });
  }

  /** @internal */
  get [IS_SCHEMA_MIGRATION](): true {
    return true;
  }

  abstract up(queryRunner: QueryRunner): Promise<void>;
  abstract down(queryRunner: QueryRunner): Promise<void>;
}

/** Whether the instance guards itself. */
export function isSchemaMigration(migration: MigrationInterface): boolean {
  return IS_SCHEMA_MIGRATION in migration;
}

function getGuarded(target: SchemaMigration, property: string | symbol, receiver: unknown): unknown {
  // TypeORM refuses `transaction = false` in its default mode, one transaction for all migrations. So it does
  // not see it: the guard commits that transaction before the migration, and opens the next one after it.
  if (property === 'transaction') return hidesTransaction(target) ? undefined : target.transaction;
  if (property === DECLARED_TRANSACTION) return target.transaction;
  const value: unknown = Reflect.get(target, property, receiver);
  if ((property !== 'up' && property !== 'down') || typeof value !== 'function') return value;
  const method = value as MigrationMethod;
  return (queryRunner: QueryRunner) => runGuarded(receiver as SchemaMigration, property, method, queryRunner);
}

function hidesTransaction({ transaction }: SchemaMigration): boolean {
  return transaction === false;
}
