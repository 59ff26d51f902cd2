import { reportableError, sqlState, TRANSACTION_TIMEOUT } from '../../postgres/error-classes.js';
import { loadClassifier } from 'nestjs-backfill-sql';
import { type DataSource, type Migration, MigrationExecutor } from 'typeorm';
import { schemaOption } from '../../data-sources/data-source.schema.js';
import { DeployLease } from '../../ledger/lease/deploy-lease.js';
import { whileUnavailable } from '../../postgres/server/availability.js';
import { namedTarget } from '../../ledger/target/target.js';
import type { Session } from '../../postgres/session.js';
import { unguarded } from '../guard/guard-context.js';
import { startLockRun } from '../locks/lock.guard.js';
import { LockRetry } from '../locks/lock-retry.js';
import { declaredTransaction } from './declared-transaction.js';
import { unmetRequirements } from './contract.requirements.js';
import { describeUnmet, TransactionTimeoutError } from '../migration.error.js';
import { grandfatheredOf, guardMigrations, type GuardMigrationsOptions } from '../migration.guarding.js';
import type {
  DeferredMigration,
  FailedMigration,
  MigrationPhaseReport,
  RanMigration,
} from '../migration.report.js';
import { attemptGroup } from './group.attempt.js';
import { declarationOf } from './guarded-migration.runner.js';
import { settingsFor, whileRunByPhase } from './migration.settings.js';
import { pendingUnderPolicy } from './observed-runner.js';

/** The options of `runMigrations`. @publicApi */
export interface RunMigrationsOptions extends GuardMigrationsOptions {
  /**
   * `each`: one transaction per migration, so that locks are held for a short time. `all`: one transaction
   * for all migrations. `none`: no transaction.
   * @default the data source's `migrationsTransactionMode`, otherwise 'each'
   */
  readonly transaction?: 'all' | 'each' | 'none';
  /** Schema of the ledger. @default 'nestjs_backfill' */
  readonly schema?: string;
  /** Milliseconds after which the lease of a killed process expires. @default 30_000 */
  readonly lease?: number;
  /**
   * Milliseconds to wait for a database that is unavailable, e.g. a standby during a failover. @default 60_000
   */
  readonly connectTimeoutMs?: number;
}

const DEFAULT_SCHEMA = 'nestjs_backfill';
const DEFAULT_LEASE_MS = 30_000;

/**
 * The migrations phase of a deployment. One process at a time runs the pending migrations, with the guard and
 * the DDL policy. A contract migration runs only if the backfills that it requires are proved complete. It
 * does not throw if a migration fails; the report contains the error.
 *
 * @publicApi
 */
export async function runMigrations(
  dataSource: DataSource,
  options: RunMigrationsOptions = {},
): Promise<MigrationPhaseReport> {
  return new MigrationPhase(dataSource, options).run();
}

/** The reason for which the phase ended early; empty if every migration ran. */
interface PhaseEnd {
  readonly deferred?: DeferredMigration;
  readonly failed?: FailedMigration;
}

class MigrationPhase {
  readonly #dataSource: DataSource;
  readonly #options: RunMigrationsOptions;
  readonly #ran: RanMigration[] = [];
  readonly #startedAt = performance.now();
  #waited = false;

  constructor(dataSource: DataSource, options: RunMigrationsOptions) {
    this.#dataSource = dataSource;
    this.#options = options;
  }

  async run(): Promise<MigrationPhaseReport> {
    let lease: DeployLease | undefined;
    try {
      guardMigrations(this.#dataSource, this.#options);
      // PostgreSQL's parser is loaded while the lease is taken.
      void loadClassifier();
      startLockRun(this.#dataSource);
      // The renewals of the lease are statements of the library.
      lease = await unguarded(() => this.#acquire());
      this.#waited = lease.hasWaited;
      return await whileRunByPhase(this.#dataSource, () => this.#migrate(lease as DeployLease));
    } catch (error) {
      return this.#report({ failed: { error: asError(error) } }, []);
    } finally {
      await lease?.release();
    }
  }

  #acquire(): Promise<DeployLease> {
    const { schema = DEFAULT_SCHEMA, lease = DEFAULT_LEASE_MS } = this.#options;
    const { log } = settingsFor(this.#dataSource);
    const { options } = this.#dataSource;
    // TypeORM's table of the migrations that have run. Each schema has its own.
    const target = (session: Session) =>
      namedTarget(session, schemaOption({ options }), options.migrationsTableName ?? 'migrations');
    return this.#whileUnavailable('the migrations', () =>
      DeployLease.acquire(this.#dataSource, {
        schema,
        phase: 'migrate',
        target,
        duration: lease,
        log,
        warn: (line) => log.warn(line),
      }),
    );
  }

  async #migrate(lease: DeployLease): Promise<MigrationPhaseReport> {
    // Read under the lease, because another process may have run some of the migrations before.
    const pending = await this.#pending();
    this.#warnOfGrandfathered(pending);
    const groups =
      this.#mode === 'all'
        ? await this.#groupsInOneTransaction(pending)
        : pending.map((migration) => [migration]);
    let done = 0;
    for (const group of groups) {
      const name = group[0]?.name;
      try {
        const deferred = await this.#deferral(group);
        if (deferred) return this.#report({ deferred }, pending.slice(done));
        await this.#runGroup(group, lease);
      } catch (error) {
        const at = (error as { migration?: unknown } | null)?.migration;
        return this.#report(
          { failed: { name: typeof at === 'string' ? at : (name ?? ''), error: asError(error) } },
          pending.slice(done),
        );
      }
      done += group.length;
    }
    return this.#report({}, []);
  }

  /** TypeORM's own statements wait no longer for their locks than those of a migration. */
  #pending(): Promise<readonly Migration[]> {
    const { policy, log } = settingsFor(this.#dataSource);
    const subject = "TypeORM's table of migrations";
    const retry = new LockRetry({ policy, dataSource: this.#dataSource, migration: subject, log });
    return retry.run(subject, () => pendingUnderPolicy(this.#dataSource, retry));
  }

  get #mode(): 'all' | 'each' | 'none' {
    return this.#options.transaction ?? this.#dataSource.options.migrationsTransactionMode ?? 'each';
  }

  /**
   * The migrations before the first unmet requirement are one group. Each of the others is a separate group.
   */
  async #groupsInOneTransaction(pending: readonly Migration[]): Promise<readonly (readonly Migration[])[]> {
    const first = await this.#firstUnmet(pending);
    const together = first === undefined ? pending : pending.slice(0, first);
    const rest = first === undefined ? [] : pending.slice(first).map((migration) => [migration]);
    return [...aroundOwnTransactions(together), ...rest];
  }

  async #firstUnmet(pending: readonly Migration[]): Promise<number | undefined> {
    for (const [at, { name, instance }] of pending.entries()) {
      if (!instance) continue;
      const { gate } = settingsFor(this.#dataSource);
      // With `finish`, the remaining batches run now, because later the locks of the migrations could block
      // them.
      if ((await unmetRequirements(name, declarationOf(instance), gate)).length > 0) return at;
    }
    return undefined;
  }

  /**
   * With `finish`, it runs the remaining batches first. @returns the backfills for which a deferred migration
   * waits; undefined if the migration must run
   */
  async #deferral([migration, ...others]: readonly Migration[]): Promise<DeferredMigration | undefined> {
    if (!migration?.instance || others.length > 0) return undefined;
    const declaration = declarationOf(migration.instance);
    const { gate, log } = settingsFor(this.#dataSource);
    const waitsFor = await unmetRequirements(migration.name, declaration, gate);
    if (waitsFor.length === 0 || declaration.onIncomplete !== 'defer') return undefined;
    log.warn(
      `${migration.name} and the migrations after it stay pending. They wait for ${waitsFor.map((each) => `${each.kind ?? 'backfill'} ${each.backfill} (${describeUnmet(each)})`).join(', ')}.`,
    );
    return { name: migration.name, waitsFor };
  }

  async #runGroup(group: readonly Migration[], lease: DeployLease): Promise<void> {
    const { policy, log } = settingsFor(this.#dataSource);
    const name = group[0]?.name ?? '';
    const retry = new LockRetry({ policy, dataSource: this.#dataSource, migration: name, log });
    const inTransaction = this.#isTransactional(group);
    const options = { dataSource: this.#dataSource, lease, retry, inTransaction };
    const attempt = async () => {
      try {
        this.#ran.push(...(await retry.run(name, () => attemptGroup(group, options))));
      } catch (error) {
        throw sqlState(error) === TRANSACTION_TIMEOUT ? new TransactionTimeoutError(name, error) : error;
      }
    };
    if (!inTransaction) return attempt();
    let isRepeated = false;
    await this.#whileUnavailable(name, async () => {
      // The answer to the COMMIT of the attempt before may have been lost.
      if (isRepeated && (await this.#isRecorded(name)))
        return void this.#ran.push(...group.map((migration) => ({ name: migration.name, durationMs: 0 })));
      isRepeated = true;
      await attempt();
    });
  }

  #whileUnavailable<T>(subject: string, work: () => Promise<T>): Promise<T> {
    const { log } = settingsFor(this.#dataSource);
    return whileUnavailable({ patienceMs: this.#options.connectTimeoutMs, log, subject }, work);
  }

  async #isRecorded(name: string): Promise<boolean> {
    return !(await this.#pending()).some((migration) => migration.name === name);
  }

  #isTransactional(group: readonly Migration[]): boolean {
    const declared = declaredTransaction(group[0]?.instance);
    return declared ?? this.#mode !== 'none';
  }

  #outcome({ failed, deferred }: PhaseEnd): MigrationPhaseReport['outcome'] {
    if (failed) return 'failed';
    if (deferred) return 'deferred';
    return this.#ran.length > 0 ? 'done' : 'nothing-to-do';
  }

  #warnOfGrandfathered(pending: readonly Migration[]): void {
    const listed = new Set(grandfatheredOf(this.#dataSource));
    const unguarded = pending.filter(({ name }) => listed.has(name));
    if (unguarded.length > 0)
      settingsFor(this.#dataSource).log.warn(
        `${unguarded.length} grandfathered ${unguarded.length === 1 ? 'migration runs' : 'migrations run'} without the guard: ${unguarded.map(({ name }) => name).join(', ')}.`,
      );
  }

  #report(end: PhaseEnd, pending: readonly Migration[]): MigrationPhaseReport {
    const listed = new Set(grandfatheredOf(this.#dataSource));
    return {
      phase: 'migrate',
      outcome: this.#outcome(end),
      ran: this.#ran,
      ...end,
      pending: pending.map(({ name }) => name),
      grandfathered: this.#ran.map(({ name }) => name).filter((name) => listed.has(name)),
      waitedForOther: this.#waited,
      durationMs: Math.round(performance.now() - this.#startedAt),
    };
  }
}

/** The pending migrations, in the order in which they run. */
export function pendingOf(dataSource: DataSource): Promise<Migration[]> {
  return new MigrationExecutor(dataSource).getPendingMigrations();
}

/** A migration without a transaction is a group of its own: what comes before it is committed. */
function aroundOwnTransactions(migrations: readonly Migration[]): readonly (readonly Migration[])[] {
  const groups: Migration[][] = [];
  let isOpen = false;
  for (const migration of migrations) {
    const isAlone = declaredTransaction(migration.instance) === false;
    if (isOpen && !isAlone) groups.at(-1)?.push(migration);
    else groups.push([migration]);
    isOpen = !isAlone;
  }
  return groups;
}

function asError(error: unknown): Error {
  return reportableError(error instanceof Error ? error : new TypeError(String(error), { cause: error }));
}
