import { Inject, Injectable, Logger } from '@nestjs/common';
import { DataSourceRegistry, type NamedDataSource } from '../data-sources/data-source.registry.js';
import { LEDGER_OPTIONS, type LedgerModuleOptions } from '../ledger/ledger.options.js';
import { type MigrationEvent, PhaseObservers } from '../report/observers/phase-observers.registry.js';
import { worstOf } from '../text/worst-of.js';
import { CONTRACT_BACKFILLS, type ContractBackfills, type FinishRequest } from './contract.backfills.js';
import type { DataSourceMigrations, MigrateReport, MigrateStatus } from './migrate.report.js';
import { guardMigrations, type GuardMigrationsOptions } from './migration.guarding.js';
import type { MigrationOutcome } from './migration.report.js';
import type { MigrationLog } from './migration.options.js';
import { MIGRATION_OPTIONS, type MigrationModuleOptions } from './migrations-module.options.js';
import { runMigrations } from './run/migration.phase.js';
import { recordDeferred } from './run/deferred.recorder.js';
import { declarationOf, migrationName } from './run/guarded-migration.runner.js';
import { pendingOf } from './run/migration.phase.js';
import { migrationStatus } from './run/migration.status.js';

/** The options of the migrations phase. @publicApi */
export interface MigrateRequest extends Omit<FinishRequest, 'signal'> {
  /** @default Nest's logger */
  readonly log?: MigrationLog;
  /** Stops the phase before the next data source. The current migration is not interrupted. */
  readonly signal?: AbortSignal;
  /** Called with the report of each data source as soon as it is complete. */
  readonly done?: (report: DataSourceMigrations) => void;
}

const WORST_FIRST: readonly MigrationOutcome[] = ['failed', 'deferred', 'done', 'nothing-to-do'];

/**
 * Runs the schema migrations of the application's PostgreSQL data sources with the guard. Before a contract
 * migration, it proves that the backfills in `requires` are complete.
 *
 * @publicApi
 */
@Injectable()
export class MigrationsService {
  /** @internal */
  @Inject(PhaseObservers) readonly observers!: PhaseObservers;
  readonly #registry: DataSourceRegistry;
  readonly #ledger: LedgerModuleOptions;
  readonly #options: MigrationModuleOptions;
  readonly #contracts: ContractBackfills;

  constructor(
    @Inject(DataSourceRegistry) registry: DataSourceRegistry,
    @Inject(LEDGER_OPTIONS) ledger: LedgerModuleOptions,
    @Inject(MIGRATION_OPTIONS) options: MigrationModuleOptions,
    @Inject(CONTRACT_BACKFILLS) contracts: ContractBackfills,
  ) {
    this.#registry = registry;
    this.#ledger = ledger;
    this.#options = options;
    this.#contracts = contracts;
  }

  /**
   * Installs the guard on the migrations of every data source, so that `dataSource.runMigrations()` is
   * guarded too. The module calls it at start-up.
   *
   * @throws InvalidMigrationOptionError
   * @internal
   */
  guard(): void {
    for (const { dataSource } of this.#dataSources())
      guardMigrations(dataSource, { ...this.#guardOptions(), gate: this.#contracts.gate({}) });
  }

  /**
   * Runs the pending migrations, one data source after the other, and stops at the first failure. An error in
   * a migration does not throw; the report then has the outcome `failed`.
   */
  run(request: MigrateRequest = {}): Promise<MigrateReport> {
    return this.observers.phase('migrate', null, (run) => this.#run(request, run));
  }

  async #run({ log, signal, done, ...request }: MigrateRequest, run: string): Promise<MigrateReport> {
    const reports: DataSourceMigrations[] = [];
    for (const { name, dataSource } of this.#dataSources()) {
      if (signal?.aborted) return stopped(reports, String(signal.reason));
      const report = await runMigrations(dataSource, {
        ...this.#guardOptions(),
        ...(this.#options.transaction ? { transaction: this.#options.transaction } : {}),
        ...(log ? { log } : {}),
        ...(request.connectTimeoutMs === undefined ? {} : { connectTimeoutMs: request.connectTimeoutMs }),
        schema: this.#ledger.schema,
        lease: this.#ledger.leaseDuration,
        gate: this.#contracts.gate({ ...request, ...(signal ? { signal } : {}), ...(log ? { log } : {}) }),
      });
      const named = { dataSource: name, ...report };
      reports.push(named);
      for (const event of migrationEvents(named))
        this.observers.notify((observer) => observer.migrated?.({ run, ...event }));
      if (report.deferred) await recordDeferred(dataSource, this.#ledger.schema, report.deferred);
      const ran = report.ran.map((migration) => migration.name);
      await this.#contracts.seal(dataSource, ran, log ?? new Logger('SchemaMigration'));
      done?.(named);
      if (report.outcome === 'failed') break;
    }
    return {
      phase: 'migrate',
      outcome: worstOf(
        WORST_FIRST,
        reports.map(({ outcome }) => outcome),
      ),
      dataSources: reports,
    };
  }

  /**
   * Reports the pending migrations, the backfills for which they wait, and the migrations that are exempt
   * from the guard. Runs no migration.
   */
  async status(): Promise<MigrateStatus> {
    const dataSources = [];
    for (const { name, dataSource } of this.#dataSources()) {
      dataSources.push({ dataSource: name, ...(await migrationStatus(dataSource)) });
    }
    return { phase: 'migrate', dataSources };
  }

  /**
   * The names of the backfills that pending migrations require. Proves nothing.
   *
   * @internal
   */
  async requiredBackfills(): Promise<readonly string[]> {
    const required: string[] = [];
    for (const { dataSource } of this.#dataSources()) {
      const contracts = dataSource.migrations.filter(
        (migration) => declarationOf(migration).requires?.length,
      );
      if (contracts.length === 0) continue;
      const pending = new Set((await pendingOf(dataSource)).map(({ name }) => name));
      const due = contracts.filter((migration) => pending.has(migrationName(migration)));
      required.push(...due.flatMap((migration) => declarationOf(migration).requires ?? []));
    }
    return required;
  }

  /** The data sources that have migrations. Others are skipped, because they may have no migrations table. */
  #dataSources(): readonly NamedDataSource[] {
    return this.#registry.postgres.filter(({ dataSource }) => dataSource.migrations.length > 0);
  }

  #guardOptions(): GuardMigrationsOptions {
    const { grandfathered, locks, policy } = this.#options;
    return {
      ...(grandfathered ? { grandfathered } : {}),
      ...(locks ? { locks } : {}),
      ...(policy ? { policy } : {}),
    };
  }
}

function stopped(dataSources: readonly DataSourceMigrations[], reason: string): MigrateReport {
  return {
    phase: 'migrate',
    outcome: 'failed',
    reason: `${reason} before every migration had run.`,
    dataSources,
  };
}

function migrationEvents({
  dataSource,
  ran,
  failed,
  durationMs,
}: DataSourceMigrations): Omit<MigrationEvent, 'run'>[] {
  const done = ran.map(({ name, durationMs: tookMs, locks = [] }) => {
    return { dataSource, name, outcome: 'done' as const, durationMs: tookMs, locks };
  });
  if (failed?.name === undefined) return done;
  // What the phase took apart from the others.
  const tookMs = Math.max(0, durationMs - ran.reduce((sum, migration) => sum + migration.durationMs, 0));
  return [...done, { dataSource, name: failed.name, outcome: 'failed', durationMs: tookMs, locks: [] }];
}
