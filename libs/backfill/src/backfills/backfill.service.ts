import { Inject, Injectable } from '@nestjs/common';
import { LedgerFactory } from '../ledger/ledger.factory.js';
import type { Ledger } from '../ledger/ledger.js';
import { ControlService } from './control/control.service.js';
import { NothingToSetError } from './control/setting.error.js';
import { checkChanges, type SettingChanges } from './control/setting.parser.js';
import { TenantNotDeclaredError } from './declare/errors/tenant.error.js';
import { BackfillRegistry } from './definition/backfill.registry.js';
import type { BackfillDefinition } from './definition/definition.js';
import { RecordsInUseError } from './housekeeping/housekeeping.error.js';
import type { ForgetReport, PruneReport } from './housekeeping/housekeeping.report.js';
import { DEFAULT_RETENTION_MS, LedgerHousekeeper } from './housekeeping/ledger.housekeeper.js';
import { planPhase } from './phase.planner.js';
import { runPhase, type PhaseContext } from './phase.runner.js';
import { requiredFirst } from './phase.turns.js';
import { checkRetryKeys } from './control/retry-keys.check.js';
import { previewChanges } from './plan/changes.previewer.js';
import type { CommandOptions, ControlledBackfill, ControlOptions } from '../report/control-report.js';
import type { PlanReport } from '../report/plan.js';
import type { BackfillPreview } from '../report/preview.js';
import type { BackfillPhaseReport } from '../report/report.js';
import type { RunRequest } from '../report/request.js';
import { RunObservers } from '../report/observers/run-observers.registry.js';
import type { StatusReport } from '../report/status-report.js';
import { proveRetired } from './status/retired.prover.js';
import { proveCompletion, type BackfillProof, type ProofOptions } from './status/completion.prover.js';
import { readStatus } from './status/status.reader.js';
import type { DeclaredCheck } from './throttle/throttle-check.js';
import { ThrottleExplorer } from './throttle/throttle.explorer.js';

/**
 * Runs, plans, inspects and controls the declared backfills.
 *
 * @publicApi
 */
@Injectable()
export class BackfillService {
  readonly #registry: BackfillRegistry;
  readonly #throttles: ThrottleExplorer;
  readonly #ledgers: LedgerFactory;
  readonly #ledger: Ledger;
  readonly #observers: RunObservers;
  #checks: readonly DeclaredCheck[] | null = null;

  /** The schema of the ledger's tables. */
  readonly schema: string;

  constructor(
    @Inject(BackfillRegistry) registry: BackfillRegistry,
    @Inject(ThrottleExplorer) throttles: ThrottleExplorer,
    @Inject(LedgerFactory) ledgers: LedgerFactory,
    @Inject(RunObservers) observers: RunObservers,
  ) {
    this.#registry = registry;
    this.#throttles = throttles;
    this.#ledgers = ledgers;
    this.#ledger = ledgers.forInspection();
    this.#observers = observers;
    this.schema = ledgers.schema;
  }

  /**
   * Finds and checks the declarations of backfills and throttles. The module calls it at start-up.
   *
   * @throws the errors in declare/errors/, InvalidBackfillOptionError, ThrottleDeclarationError
   * @internal
   */
  declare(): void {
    this.#checks ??= this.#throttles.checks(this.#registry.names);
  }

  /** The names of the declared backfills, each after those that it depends on. */
  get names(): readonly string[] {
    return this.#registry.names;
  }

  /** @throws UnknownBackfillError for a name that is not declared @internal */
  assertDeclared(names: readonly string[]): void {
    this.#registry.select(names);
  }

  /**
   * Runs backfills one after the other, each until it is complete or must stop. The report holds what failed:
   * a failed backfill only stops those that depend on it.
   *
   * @throws UnknownBackfillError, TenantNotDeclaredError, RetryKeysError before anything runs
   */
  async run(request: RunRequest = {}): Promise<BackfillPhaseReport> {
    const selected = this.#registry.select(request.names);
    if (request.retryKeys) checkRetryKeys(selected, request.retryKeys);
    const definitions = requiredFirst(selected, this.#closureOf(request.first ?? []));
    const tenants = tenantsOf(definitions, request.tenants);
    this.declare();
    const ledger = this.#ledgers.forRun();
    const run = ledger.owner.split(':').at(-1) ?? '';
    const observer = this.#observers.observe(request.observer, run);
    const context: PhaseContext = {
      tenants,
      ledger,
      schema: this.schema,
      checks: this.#checks ?? [],
      notRequested: this.#registry.namesExcept(selected),
      dependenciesOf: ({ dependsOn }) => dependsOn.map((name) => this.#registry.get(name)),
    };
    const report = await this.#observers.phases.phase('backfill', run, () =>
      runPhase(definitions, { ...request, observer }, context),
    );
    await this.#observers.flush();
    return { ...report, backfills: report.backfills.map((each) => ({ ...each, run })) };
  }

  /**
   * Reports what a run would do. Changes nothing.
   *
   * @param request `problems`: what happens if one of several backfills cannot be planned, e.g. because a pending
   * migration adds its column. `report` plans the others. Default `throw`
   * @throws UnknownBackfillError, TenantNotDeclaredError; TableMismatchError and InvalidStatementError unless
   * `problems` is `report`
   */
  async plan(
    request: Pick<RunRequest, 'names' | 'tenants'> & { readonly problems?: 'throw' | 'report' } = {},
  ): Promise<PlanReport> {
    const definitions = this.#registry.select(request.names);
    const tenants = tenantsOf(definitions, request.tenants);
    const { problems = 'throw' } = request;
    return planPhase(definitions, { ledger: this.#ledger, schema: this.schema, tenants, problems });
  }

  /**
   * Shows some pending rows before and after their change, which is rolled back. Values are data of the application:
   * show them only to persons who may see it.
   *
   * @param options `rows`: from 1 to 100; default 10
   * @throws UnknownBackfillError, and the errors of a plan
   */
  preview(name: string, options: { readonly rows?: number } = {}): Promise<BackfillPreview> {
    return previewChanges(this.#registry.get(name), this.#ledger, this.schema, options);
  }

  /**
   * Reports what the ledgers record. Changes nothing.
   *
   * @param request `targets`: tables or schemas, e.g. `tenant_2`. The reports are about these instead of the tables of
   *   the application
   * @param command `waiting` is called with the lock for which it waits, e.g. of a table of the ledger
   * @throws UnknownBackfillError, UnknownTargetError, CommandStoppedError
   */
  async status(
    request: Pick<RunRequest, 'names'> & { readonly targets?: readonly string[] } = {},
    command: CommandOptions = {},
  ): Promise<StatusReport> {
    const definitions = this.#registry.select(request.names);
    const includeUndeclared = request.names === undefined;
    return {
      phase: 'backfill',
      backfills: await readStatus(definitions, this.#ledger, this.schema, {
        includeUndeclared,
        retired: this.#registry.retired,
        targets: request.targets ?? [],
        dataSources: this.#registry.dataSources,
        command,
      }),
    };
  }

  /**
   * Pauses a backfill. Running workers, in every process, finish their current batch, release their ranges
   * and stop within a second. No run continues the backfill before `resume`.
   *
   * @throws UnknownBackfillError
   * @throws IllegalTransitionError when the backfill has already ended
   */
  async pause(name: string, options: ControlOptions = {}): Promise<ControlledBackfill> {
    return this.#control(options).changeStatus(this.#registry.get(name), 'pause');
  }

  /**
   * Lets the next run continue a backfill that was paused or cancelled. Any other status does not change.
   *
   * @throws UnknownBackfillError
   */
  async resume(name: string, options: ControlOptions = {}): Promise<ControlledBackfill> {
    return this.#control(options).changeStatus(this.#registry.get(name), 'resume');
  }

  /** Cancels a backfill: like `pause`, for a backfill that is not expected to continue. @throws as `pause` */
  async cancel(name: string, options: ControlOptions = {}): Promise<ControlledBackfill> {
    return this.#control(options).changeStatus(this.#registry.get(name), 'cancel');
  }

  /**
   * Records in the history that a person starts a run, and why; then call `run`. While the backfill is paused or
   * cancelled it records nothing: `changed` is false. @throws UnknownBackfillError
   */
  async recordStart(name: string, action: 'run' | 'retry', options: ControlOptions = {}) {
    return this.#control(options).recordStart(this.#registry.get(name), action);
  }

  /**
   * Sets the pace of a backfill, for the current run and later ones. Running workers, in every process,
   * follow within a second.
   *
   * @param changes null removes a setting, so that the declared value applies again
   * @throws UnknownBackfillError, UnknownSettingError, SettingValueError, NothingToSetError
   */
  async set(
    name: string,
    changes: SettingChanges,
    options: ControlOptions = {},
  ): Promise<ControlledBackfill> {
    const checked = checkChanges(changes);
    if (checked.length === 0) throw new NothingToSetError(name);
    return this.#control(options).set(this.#registry.get(name), checked);
  }

  /**
   * Probes the table for a pending row at this moment. Changes nothing. For a backfill in `retired`, the ledger's
   * records decide. It may be named by a former name.
   *
   * @throws UnknownBackfillError
   */
  async prove(name: string, options: ProofOptions = {}): Promise<BackfillProof> {
    if (this.#registry.retired.includes(name)) {
      const { dataSources } = this.#registry;
      return proveRetired(name, { dataSources, ledger: this.#ledger, schema: this.schema });
    }
    const definition = this.#registry.get(this.#registry.currentName(name));
    return proveCompletion(definition, { ledger: this.#ledger, schema: this.schema, ...options });
  }

  /** Runs the rest of a backfill, after everything that it depends on. @throws UnknownBackfillError */
  async finish(name: string, request: Omit<RunRequest, 'names' | 'tenants'> = {}): Promise<void> {
    await this.run({
      ...request,
      names: [...this.#registry.withDependencies(this.#registry.currentName(name))],
    });
  }

  /**
   * Deletes what the ledgers only keep as history: ended ranges, changes of the status, replaced settings, samples,
   * events, expired leases, and the records of tables that were dropped. No total changes, and a backfill that is
   * running may go on.
   *
   * @param options `keepMs`: the age up to which records are kept; at least a day
   * @throws RetentionError
   */
  async prune(options: CommandOptions & { readonly keepMs?: number } = {}): Promise<PruneReport> {
    return this.#housekeeper(options).prune(options.keepMs ?? DEFAULT_RETENTION_MS);
  }

  /**
   * Deletes everything that the ledgers have about backfills whose classes were removed.
   *
   * @throws RecordsInUseError for a backfill that is declared or that a process works on
   * @throws NoRecordsError
   */
  async forget(names: readonly string[], options: CommandOptions = {}): Promise<ForgetReport> {
    const declared = names.find((name) => this.names.includes(name));
    if (declared !== undefined)
      throw new RecordsInUseError(
        declared,
        'it is declared by this application',
        'Remove its class first. To run it again instead, raise its `version`.',
      );
    return this.#housekeeper(options).forget([...new Set(names)], this.names);
  }

  #housekeeper(command: CommandOptions): LedgerHousekeeper {
    const { namedDataSources: dataSources } = this.#registry;
    return new LedgerHousekeeper({ dataSources, ledger: this.#ledger, schema: this.schema, command });
  }

  /** These backfills and what they depend on. Names that are not declared are left out. */
  #closureOf(names: readonly string[]): ReadonlySet<string> {
    const found = new Set<string>();
    for (const name of names.map((each) => this.#registry.currentName(each)))
      if (this.#registry.names.includes(name)) this.#registry.withDependencies(name, found);
    return found;
  }

  #control(options: ControlOptions): ControlService {
    return new ControlService(this.#ledger, this.schema, options);
  }
}

/** @returns null for all rows @throws TenantNotDeclaredError */
function tenantsOf(
  definitions: readonly BackfillDefinition[],
  tenants: readonly string[] = [],
): readonly string[] | null {
  if (tenants.length === 0) return null;
  for (const { name, tenant } of definitions) if (!tenant) throw new TenantNotDeclaredError(name);
  return [...new Set(tenants)].sort();
}
