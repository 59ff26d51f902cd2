import { Inject, Injectable, Logger } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import { MODULE_OPTIONS_TOKEN, type BackfillModuleOptions } from '../backfill.module-definition.js';
import { BackfillService } from '../backfills/backfill.service.js';
import type { RunRequest } from '../backfills/report/request.js';
import { guardMigrations, type GuardMigrationsOptions } from './migration.guarding.js';
import type { CompletionGate, MigrationLog } from './migration.options.js';
import type { MigrationOutcome, MigrationPhaseReport } from './migration.report.js';
import { migrationStatus, runMigrations } from './run/migration.runner.js';
import { sealRequired } from '../deploy/contract-seal.js';
import { worstOf } from '../text/worst-of.js';
import type { DataSourceMigrations, MigrateReport, MigrateStatus } from './migrate.report.js';
import { refuseUnknownMigrationOptions, type MigrationModuleOptions } from './migrations-module.options.js';

const WORST_FIRST: readonly MigrationOutcome[] = ['failed', 'deferred', 'done', 'nothing-to-do'];

/** How the migrations phase is run. */
export interface MigrateRequest extends Pick<RunRequest, 'connectTimeoutMs' | 'observer'> {
  /** @default Nest's logger */
  readonly log?: MigrationLog;
  /** Asks to stop: no further data source is migrated; the migration in hand is not cut short. */
  readonly signal?: AbortSignal;
  /** Told of each data source's report as soon as there is one. */
  readonly done?: (report: DataSourceMigrations) => void;
}

/**
 * The schema migrations of the application's PostgreSQL data sources, behind the guard and with the backfills to prove what
 * contract migrations require.
 *
 * @publicApi
 */
@Injectable()
export class MigrationsService {
  readonly #backfills: BackfillService;
  readonly #options: MigrationModuleOptions;

  constructor(
    @Inject(BackfillService) backfills: BackfillService,
    @Inject(MODULE_OPTIONS_TOKEN) options: BackfillModuleOptions,
  ) {
    this.#backfills = backfills;
    this.#options = options.migrations ?? {};
  }

  /**
   * Puts the guard before the migrations of every data source, so that it holds for `dataSource.runMigrations()` too.
   * Called by the module at start-up.
   *
   * @throws InvalidMigrationOptionError, InvalidBackfillOptionError
   * @internal
   */
  guard(): void {
    refuseUnknownMigrationOptions(this.#options);
    for (const [, dataSource] of this.#dataSources()) {
      guardMigrations(dataSource, { ...this.#guarding(), gate: this.#gate({}) });
    }
  }

  /**
   * Runs what is pending, one data source after the other, and stops at the first failure.
   * Never throws for what a migration does: see `outcome`.
   */
  async run({ log, signal, done, ...request }: MigrateRequest = {}): Promise<MigrateReport> {
    const reports: DataSourceMigrations[] = [];
    for (const [name, dataSource] of this.#dataSources()) {
      if (signal?.aborted) return stopped(reports, String(signal.reason));
      const report = await runMigrations(dataSource, {
        ...this.#guarding(),
        ...(this.#options.transaction ? { transaction: this.#options.transaction } : {}),
        ...(log ? { log } : {}),
        schema: this.#backfills.schema,
        lease: this.#backfills.leaseDuration,
        gate: this.#gate({ ...request, ...(signal ? { signal } : {}) }),
      });
      const told = { dataSource: name, ...report };
      reports.push(told);
      await sealRequired(this.#backfills, dataSource, ranBy(report), log ?? new Logger('SchemaMigration'));
      done?.(told);
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

  /** What is pending, what it waits for, and what is exempt from the guard. Runs no migration. */
  async status(): Promise<MigrateStatus> {
    const dataSources = [];
    for (const [name, dataSource] of this.#dataSources()) {
      dataSources.push({ dataSource: name, ...(await migrationStatus(dataSource)) });
    }
    return { phase: 'migrate', dataSources };
  }

  /** Those with migrations: another one has no table of them either. */
  #dataSources(): readonly (readonly [string, DataSource])[] {
    return [...this.#backfills.dataSources].filter(
      ([, { options, migrations }]) => options.type === 'postgres' && migrations.length > 0,
    );
  }

  #guarding(): GuardMigrationsOptions {
    const { grandfathered, policy } = this.#options;
    return { ...(grandfathered ? { grandfathered } : {}), ...(policy ? { policy } : {}) };
  }

  #gate(request: Pick<RunRequest, 'connectTimeoutMs' | 'observer' | 'signal'>): CompletionGate {
    return {
      names: () => this.#backfills.names,
      prove: (name) => this.#backfills.prove(name),
      finish: (name) => this.#backfills.finish(name, request),
    };
  }
}

function ranBy({ ran }: MigrationPhaseReport): readonly string[] {
  return ran.map(({ name }) => name);
}

function stopped(dataSources: readonly DataSourceMigrations[], reason: string): MigrateReport {
  return {
    phase: 'migrate',
    outcome: 'failed',
    reason: `${reason} before every migration had run.`,
    dataSources,
  };
}
