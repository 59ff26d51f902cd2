import {
  type DataSource,
  type Migration,
  MigrationExecutor,
  type MigrationInterface,
  type QueryRunner,
} from 'typeorm';
import { DeployLease } from '../../ledger/lease/deploy-lease.js';
import { LockRetry } from './lock-retry.js';
import { unmetRequirements } from './migration.contract.js';
import { MigrationDeclarationError, type UnmetRequirement } from '../migration.error.js';
import type { CompletionGate, MigrationDeclaration } from '../migration.options.js';
import { grandfatheredOf, guardMigrations, type GuardMigrationsOptions } from '../migration.guarding.js';
import type {
  DeferredMigration,
  FailedMigration,
  MigrationPhaseReport,
  MigrationStatus,
  RanMigration,
} from '../migration.report.js';
import { declarationOf, migrationName } from './migration.run.js';
import { settingsFor, whileDriven } from './migration.settings.js';

/** How pending migrations are run. */
export interface RunMigrationsOptions extends GuardMigrationsOptions {
  /**
   * `each`: a transaction for each migration, so that locks are held for a moment. `all`: one for all.
   * @default the data source's `migrationsTransactionMode`, else 'each'
   */
  readonly transaction?: 'all' | 'each' | 'none';
  /** The ledger's schema. @default 'nestjs_backfill' */
  readonly schema?: string;
  /** How long a killed process keeps the next one waiting, in milliseconds. @default 30000 */
  readonly lease?: number;
}

const DEFAULT_SCHEMA = 'nestjs_backfill';
const DEFAULT_LEASE = 30_000;

/**
 * The migrations phase of a deployment: one process at a time, each migration behind the guard and under the DDL policy, contract
 * migrations only once what they require is proved. Never throws for what a migration does: see `outcome`.
 *
 * @publicApi
 */
export async function runMigrations(
  dataSource: DataSource,
  options: RunMigrationsOptions = {},
): Promise<MigrationPhaseReport> {
  return new MigrationPhase(dataSource, options).run();
}

/** What is pending, what it waits for, and what is exempt from the guard. Proves requirements; changes nothing. */
export async function migrationStatus(dataSource: DataSource): Promise<MigrationStatus> {
  const pending = await pendingOf(dataSource);
  const { gate } = settingsFor(dataSource);
  const waiting: DeferredMigration[] = [];
  for (const { name, instance } of pending) {
    const declaration = instance && declarationOf(instance);
    if (!declaration || !gate) continue;
    const waitsFor = await openRequirements(name, declaration, gate);
    if (waitsFor.length > 0) waiting.push({ name, waitsFor });
  }
  return {
    pending: pending.map(({ name }) => name),
    waiting,
    exempt: dataSource.migrations.flatMap((instance) => {
      const { allowsData } = declarationOf(instance);
      return allowsData ? [{ name: migrationName(instance), ...allowsData }] : [];
    }),
    grandfathered: grandfatheredOf(dataSource),
  };
}

/** For a look: a name that does not exist is told with the others, and does not keep them from being told. */
async function openRequirements(
  name: string,
  declaration: MigrationDeclaration,
  gate: CompletionGate,
): Promise<readonly UnmetRequirement[]> {
  const { requires = [] } = declaration;
  const known = new Set(gate.names());
  const unknown = requires.filter((backfill) => !known.has(backfill));
  const asked = { requires: requires.filter((backfill) => known.has(backfill)) };
  const told = unknown.map((backfill) => ({ backfill, status: 'not declared' }));
  return [...told, ...(await unmetRequirements(name, asked, gate))];
}

class MigrationPhase {
  readonly #ran: RanMigration[] = [];
  readonly #startedAt = performance.now();
  #waited = false;

  constructor(
    private readonly dataSource: DataSource,
    private readonly options: RunMigrationsOptions,
  ) {}

  async run(): Promise<MigrationPhaseReport> {
    let lease: DeployLease | undefined;
    try {
      guardMigrations(this.dataSource, this.options);
      lease = await this.#acquire();
      this.#waited = lease.waited;
      return await whileDriven(this.dataSource, () => this.#migrate(lease as DeployLease));
    } catch (error) {
      return this.#report({ failed: { error: asError(error) } }, []);
    } finally {
      await lease?.release();
    }
  }

  #acquire(): Promise<DeployLease> {
    const { schema = DEFAULT_SCHEMA, lease = DEFAULT_LEASE } = this.options;
    const { log } = settingsFor(this.dataSource);
    return DeployLease.acquire(this.dataSource, { schema, phase: 'migrate', duration: lease, log });
  }

  async #migrate(lease: DeployLease): Promise<MigrationPhaseReport> {
    // Read under the lease: what another process has done meanwhile is no longer pending.
    const pending = await pendingOf(this.dataSource);
    this.#warnOfGrandfathered(pending);
    const misfit = this.#mode === 'all' ? outsideOfAll(pending) : undefined;
    if (misfit) return this.#report({ failed: { name: misfit.migration, error: misfit } }, pending);
    const groups = this.#mode === 'all' ? await this.#groupOfAll(pending) : pending.map((one) => [one]);
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

  get #mode(): 'all' | 'each' | 'none' {
    return this.options.transaction ?? this.dataSource.options.migrationsTransactionMode ?? 'each';
  }

  /** In one transaction as far as the first that will be deferred. */
  async #groupOfAll(pending: readonly Migration[]): Promise<readonly (readonly Migration[])[]> {
    const first = await this.#firstUnmet(pending);
    const together = first === undefined ? pending : pending.slice(0, first);
    const rest = first === undefined ? [] : pending.slice(first).map((one) => [one]);
    return together.length > 0 ? [together, ...rest] : rest;
  }

  async #firstUnmet(pending: readonly Migration[]): Promise<number | undefined> {
    for (const [at, { name, instance }] of pending.entries()) {
      if (!instance) continue;
      const { gate } = settingsFor(this.dataSource);
      // The remaining batches run now: later this run's own locks could stand in their way.
      if ((await unmetRequirements(name, declarationOf(instance), gate)).length > 0) return at;
    }
    return undefined;
  }

  /** Runs what is left of its backfills, where it says so. @returns what it waits for, where it says so */
  async #deferral([migration, ...others]: readonly Migration[]): Promise<DeferredMigration | undefined> {
    if (!migration?.instance || others.length > 0) return undefined;
    const declaration = declarationOf(migration.instance);
    const { gate, log } = settingsFor(this.dataSource);
    const waitsFor = await unmetRequirements(migration.name, declaration, gate);
    if (waitsFor.length === 0 || declaration.onIncomplete !== 'defer') return undefined;
    log.warn(
      `${migration.name} is left pending, and those that come after it: ${waitsFor.map(({ backfill, status }) => `backfill ${backfill} is ${status}`).join(', ')}.`,
    );
    return { name: migration.name, waitsFor };
  }

  async #runGroup(group: readonly Migration[], lease: DeployLease): Promise<void> {
    const { policy, log } = settingsFor(this.dataSource);
    const name = group[0]?.name ?? '';
    const retry = new LockRetry(policy, this.dataSource, name, log);
    await retry.run(name, () => this.#attempt(group, lease));
  }

  async #attempt(group: readonly Migration[], lease: DeployLease): Promise<void> {
    const runner = this.dataSource.createQueryRunner();
    const ran: RanMigration[] = [];
    const inTransaction = this.#mode === 'all' || inOwnTransaction(group[0]?.instance, this.#mode);
    try {
      // Without a transaction there is no commit to be kept from: whoever has been overtaken does not begin.
      await lease.confirm(runner);
      if (inTransaction) await runner.startTransaction();
      for (const migration of group) ran.push(await this.#runOne(migration, runner));
      await lease.confirm(runner);
      if (runner.isTransactionActive) await runner.commitTransaction();
      this.#ran.push(...ran);
    } catch (error) {
      if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => undefined);
      throw error;
    } finally {
      await runner.release();
    }
  }

  async #runOne(migration: Migration, runner: QueryRunner): Promise<RanMigration> {
    const startedAt = performance.now();
    // TypeORM's own way of running one: it keeps its table by itself.
    await new MigrationExecutor(this.dataSource, runner).executeMigration(migration);
    const allowsData = migration.instance && declarationOf(migration.instance).allowsData?.reason;
    const durationMs = Math.round(performance.now() - startedAt);
    settingsFor(this.dataSource).log.log(`${migration.name} done in ${durationMs} ms.`);
    return { name: migration.name, durationMs, ...(allowsData !== undefined && { allowsData }) };
  }

  #warnOfGrandfathered(pending: readonly Migration[]): void {
    const listed = new Set(grandfatheredOf(this.dataSource));
    const unguarded = pending.filter(({ name }) => listed.has(name));
    if (unguarded.length > 0)
      settingsFor(this.dataSource).log.warn(
        `${unguarded.length} grandfathered ${unguarded.length === 1 ? 'migration runs' : 'migrations run'} without the guard: ${unguarded.map(({ name }) => name).join(', ')}.`,
      );
  }

  #report(
    end: { readonly deferred?: DeferredMigration; readonly failed?: FailedMigration },
    pending: readonly Migration[],
  ): MigrationPhaseReport {
    const listed = new Set(grandfatheredOf(this.dataSource));
    return {
      phase: 'migrate',
      outcome: end.failed
        ? 'failed'
        : end.deferred
          ? 'deferred'
          : this.#ran.length > 0
            ? 'done'
            : 'nothing-to-do',
      ran: this.#ran,
      ...end,
      pending: pending.map(({ name }) => name),
      grandfathered: this.#ran.map(({ name }) => name).filter((name) => listed.has(name)),
      waitedForOther: this.#waited,
      durationMs: Math.round(performance.now() - this.#startedAt),
    };
  }
}

function pendingOf(dataSource: DataSource): Promise<Migration[]> {
  return new MigrationExecutor(dataSource).getPendingMigrations();
}

/** As TypeORM refuses it, when it runs them by itself. */
function outsideOfAll(pending: readonly Migration[]): MigrationDeclarationError | undefined {
  const other = pending.find(({ instance }) => instance?.transaction === false);
  return (
    other &&
    new MigrationDeclarationError(
      other.name,
      `${other.name} declares \`transaction = false\`, and all migrations are asked to share one transaction.`,
      "Run migrations in transactions of their own: migrations: { transaction: 'each' } in BackfillModule.forRoot().",
    )
  );
}

function inOwnTransaction(instance: MigrationInterface | undefined, mode: 'all' | 'each' | 'none'): boolean {
  return instance?.transaction ?? mode !== 'none';
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new TypeError(String(error), { cause: error });
}
