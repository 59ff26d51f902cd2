import { messageOf } from '../../postgres/error-classes.js';
import { nearest } from '../../text/nearest.js';
import { loadClassifier, LOCK_RULES } from 'nestjs-backfill-sql';
import type { DataSource, MigrationInterface, QueryRunner } from 'typeorm';
import { insideMigration, observingOthers, watchDriver } from '../guard/guard-context.js';
import { guardQueryRunner, isGuarded } from '../guard/guarded-query-runner.js';
import { GuardedSession } from '../guard/guarded-session.js';
import { dataSourceOf, MigrationGuard } from '../guard/migration-guard.js';
import { bookkeepingTables, migrationsTablePath } from '../guard/recording-probe.js';
import { isLockError, LockRetry } from '../locks/lock-retry.js';
import { LockGuard } from '../locks/lock.guard.js';
import { declaredTransaction } from './declared-transaction.js';
import { assertRequirements } from './contract.requirements.js';
import { MigrationBlockedError, MigrationDeclarationError } from '../migration.error.js';
import type { MigrationDeclaration, MigrationSettings } from '../migration.options.js';
import { settingsFor } from './migration.settings.js';

export type Direction = 'up' | 'down';
export type MigrationMethod = (queryRunner: QueryRunner) => Promise<unknown>;

/** The name in TypeORM's table of migrations. */
export function migrationName(instance: MigrationInterface): string {
  return instance.name ?? instance.constructor.name;
}

/** The static options of a migration's class. */
export function declarationOf(instance: MigrationInterface): MigrationDeclaration {
  return instance.constructor as unknown as MigrationDeclaration;
}

/** Runs `up` or `down` of a migration with the guard and the DDL policy, in the caller's transaction. */
export async function runGuarded(
  instance: MigrationInterface,
  direction: Direction,
  method: MigrationMethod,
  raw: QueryRunner,
): Promise<unknown> {
  // The method of one migration has called the method of another migration with a guarded runner.
  if (isGuarded(raw)) return method.call(instance, raw);
  return new GuardedMigrationRunner({ instance, direction, method, raw }).run();
}

interface GuardedMigration {
  readonly instance: MigrationInterface;
  readonly direction: Direction;
  readonly method: MigrationMethod;
  /** The unguarded query runner of the caller. */
  readonly raw: QueryRunner;
}

class GuardedMigrationRunner {
  readonly #migration: GuardedMigration;
  readonly #raw: QueryRunner;
  readonly #name: string;
  readonly #declaration: MigrationDeclaration;
  readonly #settings: MigrationSettings;
  /**
   * The caller's transaction had changed nothing before this migration, so it can be rolled back and started
   * again without loss.
   */
  #canRestartTransaction = false;

  constructor(migration: GuardedMigration) {
    this.#migration = migration;
    this.#raw = migration.raw;
    this.#name = migrationName(migration.instance);
    this.#declaration = declarationOf(migration.instance);
    this.#settings = settingsFor(dataSourceOf(migration.raw));
  }

  async run(): Promise<unknown> {
    const dataSource = dataSourceOf(this.#raw);
    this.#validate(dataSource.options.type);
    if (this.#migration.direction === 'up')
      await assertRequirements(this.#name, this.#declaration, this.#settings, this.#raw);
    return this.#withDeclaredTransaction(() => this.#retried());
  }

  async #retried(): Promise<unknown> {
    const dataSource = dataSourceOf(this.#raw);
    const { policy, log, isRunByPhase } = this.#settings;
    const retry = new LockRetry({ policy, dataSource, migration: this.#name, log });
    for (;;) {
      try {
        return await this.#attempt(retry);
      } catch (error) {
        if (!isLockError(error) || isRunByPhase) throw error;
        // A retry here must not lose earlier changes of the transaction. The runner of the phase does its own
        // retries.
        if (!this.#canRestartTransaction || !this.#raw.isTransactionActive)
          throw retry.finalError(error, this.#name);
        await this.#raw.rollbackTransaction();
        try {
          await retry.waitAfterFailure(error, this.#name);
        } finally {
          // The caller opened the transaction and will end it in any case.
          await this.#raw.startTransaction();
        }
      }
    }
  }

  /**
   * With `transaction = false`, it commits TypeORM's transaction with the migrations before this one, and opens
   * a new one in which TypeORM records this migration.
   */
  async #withDeclaredTransaction<T>(work: () => Promise<T>): Promise<T> {
    const leaves = declaredTransaction(this.#migration.instance) === false && this.#raw.isTransactionActive;
    if (!leaves) return work();
    await this.#raw.commitTransaction();
    try {
      return await work();
    } finally {
      await this.#raw.startTransaction();
    }
  }

  async #attempt(retry: LockRetry): Promise<unknown> {
    const { instance, method } = this.#migration;
    const dataSource = dataSourceOf(this.#raw);
    const guard = new MigrationGuard({
      migration: this.#name,
      direction: this.#migration.direction,
      dataSource,
      classifier: await loadClassifier(),
      exemptTables: this.#declaration.allowsData?.tables ?? [],
      bookkeeping: bookkeepingTables(dataSource),
      locks: () => this.#lockGuard(dataSource),
      record: {
        table: migrationsTablePath(dataSource),
        name: this.#name,
        direction: this.#migration.direction,
      },
    });
    watchDriver(dataSource.driver);
    const session = new GuardedSession(this.#raw, guard, retry);
    const isInTransaction = this.#raw.isTransactionActive;
    if (isInTransaction) await session.enterTransaction();
    const runner = guardQueryRunner(this.#raw, session, (other) => new GuardedSession(other, guard, retry));
    try {
      const result = await this.#observed(() => insideMigration(guard, () => method.call(instance, runner)));
      await guard.end();
      await session.finish();
      return result;
    } catch (error) {
      this.#canRestartTransaction = isInTransaction && (await session.wasUnchanged());
      const refusal = await guard.endFailed();
      this.#warnOfCommitted(guard.committed, error);
      throw refusal ?? withCommitted(error, guard.committed);
    }
  }

  /** A job that the migration has queued is not its own code, so it cannot be refused. */
  async #observed<T>(work: () => Promise<T>): Promise<T> {
    const sent = new Set<string>();
    try {
      return await observingOthers((sql) => sent.add(sql), work);
    } finally {
      if (sent.size > 0)
        this.#settings.log.warn(
          `While ${this.#name} ran, this process also sent statements outside of the migration that may change rows. If the migration has queued them, make them a backfill: ${[...sent].map((sql) => shorten(sql)).join('; ')}`,
        );
    }
  }

  #lockGuard(dataSource: DataSource): LockGuard {
    const { locks, log, policy } = this.#settings;
    return new LockGuard({
      migration: this.#name,
      direction: this.#migration.direction,
      dataSource,
      runner: this.#raw,
      locks: this.#declaration.locks ?? locks,
      allowsLocks: this.#declaration.allowsLocks,
      isContract: (this.#declaration.requires ?? []).length > 0,
      lockTimeoutMs: policy.lockTimeout,
      log,
    });
  }

  #validate(driver: string): void {
    const { allowsData } = this.#declaration;
    if (driver !== 'postgres')
      throw new MigrationDeclarationError(
        this.#name,
        `${this.#name} runs on ${driver}, but SchemaMigration supports PostgreSQL only.`,
        'Use it with a data source of type "postgres", and MigrationInterface for others.',
      );
    this.#validateLocks();
    if (!allowsData) return;
    if (
      typeof allowsData.reason !== 'string' ||
      allowsData.reason.trim() === '' ||
      !Array.isArray(allowsData.tables) ||
      allowsData.tables.length === 0
    )
      throw new MigrationDeclarationError(
        this.#name,
        `${this.#name} declares \`allowsData\` without a reason or without tables.`,
        "static readonly allowsData = { reason: 'why it cannot be a backfill', tables: ['leads'] };",
      );
    this.#settings.log.warn(
      `${this.#name} may change rows of ${allowsData.tables.join(', ')}: ${allowsData.reason}`,
    );
  }

  #validateLocks(): void {
    const { allowsLocks } = this.#declaration;
    if (!allowsLocks) return;
    const { reason, rules } = allowsLocks as { reason?: unknown; rules?: unknown };
    const names: readonly string[] = Array.isArray(rules) ? rules : [];
    const unknown = names.filter((rule) => !(LOCK_RULES as readonly string[]).includes(rule));
    if (unknown.length > 0)
      throw new MigrationDeclarationError(
        this.#name,
        `${this.#name} declares \`allowsLocks\` with rules that do not exist: ${unknown.join(', ')}.`,
        remedyOfUnknown(unknown),
      );
    if (typeof reason !== 'string' || reason.trim() === '' || names.length === 0)
      throw new MigrationDeclarationError(
        this.#name,
        `${this.#name} declares \`allowsLocks\` without a reason or without rules.`,
        "static readonly allowsLocks = { reason: 'why the locks do no harm', rules: ['index-not-concurrent'] };",
      );
    this.#settings.log.warn(
      `${this.#name} is exempt from the lock rule${names.length === 1 ? '' : 's'} ${names.join(', ')}: ${reason}`,
    );
  }

  #warnOfCommitted(committed: readonly string[], error: unknown): void {
    if (committed.length === 0 || this.#raw.isTransactionActive) return;
    const message = messageOf(error).split('\n')[0];
    this.#settings.log.warn(
      `${this.#name} failed (${message}) and does not run in a transaction. Already committed: ${committed.join('; ')}`,
    );
  }
}

function remedyOfUnknown(rules: readonly string[]): string {
  const meant = rules.map((rule) => nearest(rule, LOCK_RULES)).filter((rule) => rule !== undefined);
  const question = meant.length > 0 ? `Did you mean ${meant.map((rule) => `'${rule}'`).join(', ')}? ` : '';
  return `${question}The rules are ${LOCK_RULES.join(', ')}.`;
}

/** A migration without a transaction may have committed statements before the one that was blocked. */
function withCommitted(error: unknown, committed: readonly string[]): unknown {
  if (!(error instanceof MigrationBlockedError) || committed.length === 0) return error;
  const { migration, attempts, blockers, statement, cause } = error;
  return new MigrationBlockedError(migration, { attempts, blockers, statement, cause, committed });
}

function shorten(sql: string): string {
  const line = sql.replace(/\s+/g, ' ').trim();
  return line.length > 160 ? `${line.slice(0, 160)} …` : line;
}
