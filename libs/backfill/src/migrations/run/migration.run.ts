import { loadClassifier } from 'nestjs-backfill-sql';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { insideMigration, watchDriver } from '../guard/guard-context.js';
import { guardQueryRunner, isGuarded } from '../guard/guarded-query-runner.js';
import { GuardedSession } from '../guard/guarded-session.js';
import { bookkeepingTables, dataSourceOf, MigrationGuard } from '../guard/migration-guard.js';
import { isLockError, LockRetry } from './lock-retry.js';
import { demandRequirements } from './migration.contract.js';
import { MigrationDeclarationError } from '../migration.error.js';
import type { MigrationDeclaration, MigrationSettings } from '../migration.options.js';
import { settingsFor } from './migration.settings.js';

export type Direction = 'up' | 'down';
export type MigrationMethod = (queryRunner: QueryRunner) => Promise<unknown>;

/** As TypeORM names it in its table. */
export function migrationName(instance: MigrationInterface): string {
  return instance.name ?? instance.constructor.name;
}

/** The statics of a migration's class. */
export function declarationOf(instance: MigrationInterface): MigrationDeclaration {
  return instance.constructor as unknown as MigrationDeclaration;
}

/** Runs one direction of a migration behind the guard and under the DDL policy, on whatever transaction its caller has opened. */
export async function runBehindGuard(
  instance: MigrationInterface,
  direction: Direction,
  method: MigrationMethod,
  raw: QueryRunner,
): Promise<unknown> {
  // One migration's method that calls another: already guarded.
  if (isGuarded(raw)) return method.call(instance, raw);
  const run = new MigrationRun(instance, direction, method, raw);
  return run.start();
}

class MigrationRun {
  readonly #name: string;
  readonly #declaration: MigrationDeclaration;
  readonly #settings: MigrationSettings;
  /** The transaction that it was handed had done nothing before. */
  #renewable = false;

  constructor(
    private readonly instance: MigrationInterface,
    private readonly direction: Direction,
    private readonly method: MigrationMethod,
    private readonly raw: QueryRunner,
  ) {
    this.#name = migrationName(instance);
    this.#declaration = declarationOf(instance);
    this.#settings = settingsFor(dataSourceOf(raw));
  }

  async start(): Promise<unknown> {
    const dataSource = dataSourceOf(this.raw);
    this.#check(dataSource.options.type);
    if (this.direction === 'up')
      await demandRequirements(this.#name, this.#declaration, this.#settings, this.raw);
    const { policy, log, driven } = this.#settings;
    const retry = new LockRetry(policy, dataSource, this.#name, log);
    for (;;) {
      try {
        return await this.#attempt(retry);
      } catch (error) {
        if (!isLockError(error) || driven) throw error;
        // Tried again here only where nothing is lost by it, and nobody else does so.
        if (!this.#renewable || !this.raw.isTransactionActive) throw retry.giveUp(error, this.#name);
        await this.raw.rollbackTransaction();
        try {
          await retry.failed(error, this.#name);
        } finally {
          // Whoever opened the transaction will end it, whatever comes of this.
          await this.raw.startTransaction();
        }
      }
    }
  }

  async #attempt(retry: LockRetry): Promise<unknown> {
    const dataSource = dataSourceOf(this.raw);
    const guard = new MigrationGuard({
      migration: this.#name,
      direction: this.direction,
      dataSource,
      classifier: await loadClassifier(),
      exemptTables: this.#declaration.allowsData?.tables ?? [],
      bookkeeping: bookkeepingTables(dataSource),
    });
    watchDriver(dataSource.driver);
    const session = new GuardedSession(this.raw, guard, retry);
    const runner = guardQueryRunner(this.raw, session, (other) => new GuardedSession(other, guard, retry));
    this.#renewable = this.raw.isTransactionActive && (await session.enterTransaction());
    try {
      const result = await insideMigration(guard, () => this.method.call(this.instance, runner));
      await guard.end();
      await session.leave();
      return result;
    } catch (error) {
      const refusal = await guard.endFailed();
      this.#tellCommitted(guard.committed, error);
      throw refusal ?? error;
    }
  }

  #check(driver: string): void {
    const { allowsData } = this.#declaration;
    if (driver !== 'postgres')
      throw new MigrationDeclarationError(
        this.#name,
        `${this.#name} runs on ${driver}; SchemaMigration reads PostgreSQL.`,
        'Use it with a data source of type "postgres", and MigrationInterface elsewhere.',
      );
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

  #tellCommitted(committed: readonly string[], error: unknown): void {
    if (committed.length === 0 || this.raw.isTransactionActive) return;
    const message = error instanceof Error ? error.message.split('\n')[0] : String(error);
    this.#settings.log.warn(
      `${this.#name} failed (${message}) and does not run in a transaction. Already committed: ${committed.join('; ')}`,
    );
  }
}
