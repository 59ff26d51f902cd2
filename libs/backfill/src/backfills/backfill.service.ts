import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { Inject, Injectable } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import {
  MODULE_DEFAULTS,
  MODULE_OPTION_NAMES,
  MODULE_OPTIONS_TOKEN,
  type BackfillModuleOptions,
} from '../backfill.module-definition.js';
import { Ledger } from '../ledger/ledger.js';
import { worstOf } from '../text/worst-of.js';
import { ControlService } from './control/control.service.js';
import { NothingToSetError } from './control/setting.error.js';
import { checkChanges, type SettingChanges } from './control/setting.parser.js';
import { BackfillExplorer } from './declare/backfill.explorer.js';
import { BackfillRegistry } from './declare/backfill.registry.js';
import {
  InvalidBackfillOptionError,
  TenantNotDeclaredError,
  UnknownDataSourceError,
  UnsupportedDatabaseError,
} from './declare/declaration.error.js';
import type { BackfillDefinition } from './definition/definition.js';
import { compileDefinition, type Declaration } from './definition/definition.compiler.js';
import { PACE_NAMES, refuseUnknown, refuseUnknownCatchUp } from './declare/known-options.js';
import type { BackfillKind } from './declare/kinds.js';
import { INDEX_DIRECTORY, type IndexDirectory } from './declare/index.directory.js';
import { checkPace } from './declare/pace.js';
import { planBackfill } from './plan/backfill.planner.js';
import type { ControlledBackfill, ControlOptions } from './report/control-report.js';
import type { BackfillObserver } from './report/observer.js';
import { wrapObserver } from './report/observer.wrapper.js';
import type { PlanReport } from './report/plan.js';
import {
  WORST_FIRST,
  type BackfillPhaseReport,
  type BackfillReport,
  type PhaseOutcome,
} from './report/report.js';
import type { RunRequest } from './report/request.js';
import type { StatusReport } from './report/status-report.js';
import { CANCEL_AFTER_MS } from './run/stop/stop.enforcer.js';
import { runBackfill } from './run/run-backfill.js';
import type { RunOptions } from './run/run.options.js';
import { StopSignal } from './run/stop/stop-signal.js';
import { proveCompletion, type BackfillProof } from './status/completion.prover.js';
import { readStatus } from './status/status.reader.js';
import type { DeclaredCheck } from './throttle/throttle-check.js';
import { ThrottleExplorer } from './throttle/throttle.explorer.js';
import { decideThrottles } from './throttle/throttle.limits.js';

const CONNECT_TIMEOUT = 60_000;

/**
 * The declared backfills, to run, to plan and to look at.
 *
 * @publicApi
 */
@Injectable()
export class BackfillService {
  readonly #explorer: BackfillExplorer;
  readonly #options: Required<Pick<BackfillModuleOptions, 'schema' | 'leaseDuration'>> &
    BackfillModuleOptions;
  readonly #ledger: Ledger;
  readonly #throttles: ThrottleExplorer;
  #checks: readonly DeclaredCheck[] = [];
  readonly #indexes: IndexDirectory;
  #registry: BackfillRegistry | null = null;

  constructor(
    @Inject(BackfillExplorer) explorer: BackfillExplorer,
    @Inject(MODULE_OPTIONS_TOKEN) options: BackfillModuleOptions,
    @Inject(ThrottleExplorer) throttles: ThrottleExplorer,
    @Inject(INDEX_DIRECTORY) indexes: IndexDirectory,
  ) {
    this.#throttles = throttles;
    this.#explorer = explorer;
    this.#indexes = indexes;
    this.#options = { ...MODULE_DEFAULTS, ...options };
    checkModuleOptions(this.#options);
    this.#ledger = this.#ledgerOf('look');
  }

  /**
   * Finds and checks the declarations. Called by the module at start-up.
   * @throws the errors of declaration.error.ts and throttle.error.ts
   * @internal
   */
  declare(): BackfillRegistry {
    if (this.#registry) return this.#registry;
    const dataSources = this.#explorer.dataSources();
    const { defaults = {}, throttles } = this.#options;
    // Also where no backfill is declared yet that they would be wrong for.
    decideThrottles('BackfillModule', throttles);
    const registry = new BackfillRegistry(
      this.#explorer
        .declarations()
        .map((declaration) =>
          compileDefinition(
            declaration,
            dataSourceOf(declaration, dataSources),
            defaults,
            this.#indexes,
            throttles,
          ),
        ),
    );
    this.#checks = this.#throttles.checks(registry.names);
    return (this.#registry = registry);
  }

  /** The declared backfills, each after those that it depends on. @internal */
  get definitions(): readonly BackfillDefinition[] {
    return this.declare().select();
  }

  /** For who looks at the ledger. @internal */
  get ledger(): Ledger {
    return this.#ledger;
  }

  /** The schema of the ledger's tables. */
  get schema(): string {
    return this.#options.schema;
  }

  /** Milliseconds. @internal */
  get leaseDuration(): number {
    return this.#options.leaseDuration;
  }

  /** The application's data sources by name. @internal */
  get dataSources(): ReadonlyMap<string, DataSource> {
    return this.#explorer.dataSources();
  }

  /** The names of the declared backfills, each after those that it depends on. */
  get names(): readonly string[] {
    return this.declare().names;
  }

  /** @throws UnknownBackfillError for a name that is not declared @internal */
  assertDeclared(names: readonly string[]): void {
    this.declare().select(names);
  }

  /**
   * Runs backfills one after the other, each as far as it goes. What goes wrong with one is in its report and does not keep the
   * others from running, except those that depend on it.
   *
   * @throws UnknownBackfillError, TenantNotDeclaredError before anything runs
   */
  async run(request: RunRequest = {}): Promise<BackfillPhaseReport> {
    const definitions = this.declare().select(request.names);
    const tenants = this.#scope(definitions, request.tenants);
    const stop = new StopSignal(request);
    const ledgers = this.#ledgerOf(randomUUID().slice(0, 8));
    const reports: BackfillReport[] = [];
    for (const definition of definitions) {
      const options: RunOptions = {
        tenants,
        stop,
        retryQuarantined: request.retryQuarantined ?? false,
        connectTimeoutMs: request.connectTimeoutMs ?? CONNECT_TIMEOUT,
        cancelAfterMs: request.cancelAfterMs ?? CANCEL_AFTER_MS,
        abandonAfterMs: request.abandonAfterMs ?? null,
        dependencies: definition.dependsOn.flatMap((name) => this.declare().select([name])),
        checks: this.#checks,
        observer: addKind(request.observer ?? {}, definition.kind),
      };
      const report = await runBackfill({ definition, ledgers, schema: this.#options.schema, options });
      reports.push({ ...report, kind: definition.kind });
    }
    return { phase: 'backfill', outcome: worstOf(WORST_FIRST, reports.map(outcomeOf)), backfills: reports };
  }

  /** What a run would do. Changes nothing. @throws as `run` */
  async plan(request: Pick<RunRequest, 'names' | 'tenants'> = {}): Promise<PlanReport> {
    const definitions = this.declare().select(request.names);
    const tenants = this.#scope(definitions, request.tenants);
    const plan = [];
    for (const definition of definitions) {
      plan.push(await planBackfill(definition, this.#ledger, this.#options.schema, tenants));
    }
    return { phase: 'backfill', plan };
  }

  /** What the ledgers say. Changes nothing. @throws UnknownBackfillError */
  async status(request: Pick<RunRequest, 'names'> = {}): Promise<StatusReport> {
    const definitions = this.declare().select(request.names);
    return {
      phase: 'backfill',
      backfills: await readStatus(
        definitions,
        this.#ledger,
        this.#options.schema,
        request.names === undefined,
      ),
    };
  }

  /**
   * Holds a backfill back. Running workers, in whatever process, finish the batch in hand, hand their ranges back and end within
   * a second; no run takes it up before `resume`.
   *
   * @throws UnknownBackfillError; IllegalTransitionError where it is at its end already
   */
  async pause(name: string, options: ControlOptions = {}): Promise<ControlledBackfill> {
    return this.#desk(options).move(this.#one(name), 'pause');
  }

  /** Lets the next run take up what was paused or cancelled; changes nothing of any other. @throws UnknownBackfillError */
  async resume(name: string, options: ControlOptions = {}): Promise<ControlledBackfill> {
    return this.#desk(options).move(this.#one(name), 'resume');
  }

  /** Ends a backfill for good: as `pause`, for when it is not expected to go on. @throws as `pause` */
  async cancel(name: string, options: ControlOptions = {}): Promise<ControlledBackfill> {
    return this.#desk(options).move(this.#one(name), 'cancel');
  }

  /**
   * Sets the pace of a backfill, now and in its later runs. Running workers, in whatever process, follow within a second.
   *
   * @param changes null takes a setting back to what the code says
   * @throws UnknownBackfillError, UnknownSettingError, SettingValueError, NothingToSetError
   */
  async set(
    name: string,
    changes: SettingChanges,
    options: ControlOptions = {},
  ): Promise<ControlledBackfill> {
    const checked = checkChanges(changes);
    if (checked.length === 0) throw new NothingToSetError(name);
    return this.#desk(options).set(this.#one(name), checked);
  }

  /** Whether nothing is pending, asked of the table at this moment. Changes nothing. @throws UnknownBackfillError */
  async prove(name: string): Promise<BackfillProof> {
    return proveCompletion(this.#one(name), this.#ledger, this.#options.schema);
  }

  /** Runs what is left of a backfill, and first of all that it depends on. @throws UnknownBackfillError */
  async finish(name: string, request: Omit<RunRequest, 'names' | 'tenants'> = {}): Promise<void> {
    await this.run({ ...request, names: [...this.#withDependencies(name)] });
  }

  #one(name: string): BackfillDefinition {
    const [definition] = this.declare().select([name]);
    return definition as BackfillDefinition;
  }

  #desk(options: ControlOptions): ControlService {
    return new ControlService(this.#ledger, this.#options.schema, options);
  }

  #withDependencies(name: string, found = new Set<string>()): ReadonlySet<string> {
    if (found.has(name)) return found;
    found.add(name);
    for (const { dependsOn } of this.declare().select([name]))
      for (const dependency of dependsOn) this.#withDependencies(dependency, found);
    return found;
  }

  /** @param run tells apart the runs of one process, each of which holds its own leases */
  #ledgerOf(run: string): Ledger {
    return new Ledger({
      schema: this.#options.schema,
      owner: `${hostname().replaceAll(':', '_')}:${process.pid}:${run}`,
      leaseMs: this.#options.leaseDuration,
    });
  }

  #scope(
    definitions: readonly BackfillDefinition[],
    tenants: readonly string[] | undefined,
  ): readonly string[] | null {
    if (!tenants || tenants.length === 0) return null;
    for (const { name, tenant } of definitions) if (!tenant) throw new TenantNotDeclaredError(name);
    return [...new Set(tenants)].sort();
  }
}

function checkModuleOptions(options: BackfillModuleOptions): void {
  const { schema, leaseDuration, catchUp, defaults } = options;
  refuseUnknown('BackfillModule', options, MODULE_OPTION_NAMES);
  refuseUnknown('BackfillModule', defaults, PACE_NAMES, 'defaults');
  checkPace('BackfillModule', defaults ?? {}, 'defaults');
  refuseUnknownCatchUp('BackfillModule', catchUp, ['shutdownTimeout', 'clock']);
  const given: unknown = catchUp;
  if (given !== undefined && given !== false && (typeof given !== 'object' || given === null)) {
    throw new InvalidBackfillOptionError(
      'BackfillModule',
      'catchUp',
      `is ${JSON.stringify(given)}`,
      'Give options, e.g. `catchUp: { cron: "0 * * * *" }`, or false.',
    );
  }
  if (typeof schema !== 'string' || schema.trim() === '' || schema.length > 63) {
    throw new InvalidBackfillOptionError(
      'BackfillModule',
      'schema',
      `is ${JSON.stringify(schema)}`,
      'Give the name of a schema of its own for the ledger, e.g. "nestjs_backfill".',
    );
  }
  if (!Number.isInteger(leaseDuration) || (leaseDuration ?? 0) < 1_000) {
    throw new InvalidBackfillOptionError(
      'BackfillModule',
      'leaseDuration',
      `is ${String(leaseDuration)}`,
      'Give a whole number of milliseconds from 1000 upwards.',
    );
  }
}

function dataSourceOf(
  { className, options }: Declaration,
  known: ReadonlyMap<string, DataSource>,
): DataSource {
  const name = options.dataSource ?? 'default';
  const dataSource = known.get(name);
  if (!dataSource) throw new UnknownDataSourceError(className, name, [...known.keys()]);
  if (dataSource.options.type !== 'postgres') {
    throw new UnsupportedDatabaseError(className, name, dataSource.options.type);
  }
  return dataSource;
}

/** Adds the kind to each report, so that deleted rows are not mistaken for updated ones. */
function addKind(observer: BackfillObserver, kind: BackfillKind): BackfillObserver {
  return wrapObserver(observer, { finished: (report) => observer.finished?.({ ...report, kind }) });
}

function outcomeOf({ status, proved, nothingToDo }: BackfillReport): PhaseOutcome {
  if (status === 'failed') return 'failed';
  if (!proved) return 'incomplete';
  return nothingToDo ? 'nothing-to-do' : 'complete';
}
