import { IllegalTransitionError } from '../../../ledger/ledger.error.js';
import type { BackfillLedger } from '../../../ledger/backfill.ledger.js';
import type { Ledger } from '../../../ledger/ledger.js';
import type { LedgerRecord } from '../../../ledger/status.ledger.js';
import { installLedger } from '../../../ledger/ledger.installer.js';
import type { ForeignLease, LeasedRange, LeaseScope, TenantScope } from '../../../ledger/range.js';
import { isHeld } from '../../../ledger/status.js';
import { messageOf, sqlState } from '../../../postgres/error-classes.js';
import type { Session } from '../../../postgres/session.js';
import { inspectDeclaredIndex } from '../../batch/declared-index.inspector.js';
import { RowSelection } from '../../batch/row-selection.js';
import { inspectTable } from '../../batch/table.inspector.js';
import { PaceControl } from '../../control/pace.control.js';
import type { BackfillDefinition } from '../../definition/definition.js';
import type { BackfillObserver } from '../../report/observer.js';
import type { BackfillReport } from '../../report/report.js';
import type { DeclaredCheck } from '../../throttle/throttle-check.js';
import { backOff } from '../../../text/back-off.js';
import { describeLock } from '../../pending/lock-holders.js';
import { DatabaseLostError } from '../connection/database-lost.error.js';
import { RunConnection } from '../connection/run-connection.js';
import { WorkerPool } from '../workers/worker.pool.js';
import { CompletionLease } from '../workers/completion.lease.js';
import {
  heldBack,
  leasedBy,
  startReason,
  THE_DATABASE,
  heldByQuarantine,
  neverEnding,
  noRowHas,
  nothingPending,
  provedByAnother,
  type RunOutcome,
} from '../outcome/run-outcome.js';
import { classifyFailure } from '../outcome/failure.js';
import { watchHolder } from '../workers/holder.watch.js';
import { BatchGate, type Held } from '../gate/batch.gate.js';
import { countPending } from '../../pending/pending.counter.js';
import { findPending } from '../../pending/pending.probe.js';
import { lowerSweepBound, upperSweepBound } from '../../pending/sweep-bounds.js';
import { tenantsWithoutRows } from '../../pending/tenants-without-rows.js';
import { Quarantine, releaseDone } from '../range/quarantine.js';
import { findSplitKeys } from '../../pending/range.splitter.js';
import { takeRange } from '../workers/range.taker.js';
import type { RangeOutcome } from '../range/range.outcome.js';
import { RunRecorder } from '../outcome/run.recorder.js';
import { RunLog } from '../log/run-log.js';
import { InvalidStatementError } from '../../run.error.js';
import { enforceStop, type StopPatience } from '../stop/stop.enforcer.js';
import type { StopSignal } from '../stop/stop-signal.js';
import { inOthersHands, type TenantRun, type TenantRunOutcome } from '../tenants/tenant-run.js';

/** Sweeps of one run: the first, and those for rows that became pending meanwhile. Then the run ends, whatever is written. */
const SWEEPS_MOST = 5;
/** Milliseconds between two looks at what other processes still work on. */
const LOOK_AGAIN = 500;

export interface RunOptions extends StopPatience {
  readonly tenants: TenantScope;
  readonly retryQuarantined: boolean;
  readonly connectTimeoutMs: number;
  /** Those that must be complete first. */
  readonly dependencies: readonly BackfillDefinition[];
  /** The application's own throttles. */
  readonly checks: readonly DeclaredCheck[];
  readonly stop: StopSignal;
  readonly observer: BackfillObserver;
  /** Where this is one part of a run that goes tenant by tenant; else all there is. */
  readonly turn?: TenantRun;
}

/**
 * Runs one backfill as far as it goes: takes ranges, works them off, and proves at the end that nothing is pending.
 */
export class BackfillRunner {
  readonly #definition: BackfillDefinition;
  readonly #ledgers: Ledger;
  readonly #ledger: BackfillLedger;
  readonly #options: RunOptions;
  readonly #schema: string;
  readonly #log: RunLog;
  readonly #connection: RunConnection;
  readonly #finish: CompletionLease;
  readonly #gate: BatchGate;
  readonly #closing: RunRecorder;
  #selection: RowSelection | null = null;
  #crew: WorkerPool | null = null;
  #running = false;
  #found: LedgerRecord | null = null;

  constructor(definition: BackfillDefinition, ledger: Ledger, schema: string, options: RunOptions) {
    this.#definition = definition;
    this.#ledgers = ledger;
    this.#ledger = ledger.of(definition);
    this.#schema = schema;
    this.#options = options;
    this.#log = new RunLog(definition.name, definition.pace.progressEvery, options.observer);
    this.#connection = this.#connect();
    this.#finish = new CompletionLease(this.#connection, this.#ledger, options.tenants);
    this.#closing = new RunRecorder({
      definition,
      ledger: this.#ledger,
      connection: this.#connection,
      log: this.#log,
      options,
    });
    const { checks, stop, tenants } = options;
    const control = new PaceControl(definition.pace);
    const among = this.#among;
    this.#gate = new BatchGate({
      definition,
      tenants,
      among,
      ledger: this.#ledger,
      control,
      checks,
      stop,
      log: this.#log,
    });
  }

  async run(): Promise<BackfillReport> {
    return (await this.take()).report;
  }

  /** The same as one turn. */
  async take(): Promise<TenantRunOutcome> {
    try {
      const { stop } = this.#options;
      const connections = () => new Set([this.#connection, ...(this.#crew?.connections ?? [])]);
      const ending = await this.#runToEnding().finally(enforceStop(stop, this.#options, connections));
      const endsRun = this.#options.turn?.endsRun(ending) ?? true;
      const stands = endsRun
        ? await this.#closing.record(ending, async () => this.#isShared && (await this.#isGoingOn()))
        : ending;
      const report = await this.#closing.report(stands, endsRun, this.#selection, this.#hasBegun);
      return { report, endsRun, holder: ending.holder ?? null };
    } finally {
      await this.#finish.release();
      await this.#connection.drop();
    }
  }

  async #runToEnding(): Promise<RunOutcome> {
    try {
      await this.#connection.use((session) => installLedger(session, this.#schema));
      await this.#endAbandoned();
      const record = (this.#found = await this.#connection.use((session) =>
        this.#ledger.status.open(session, this.#definition.kind),
      ));
      const { status, reason } = record;
      if (isHeld(status)) return heldBack({ status, reason });
      return (
        (await this.#waitsFor(record)) ?? (await this.#waitsToBegin(record)) ?? (await this.#work(record))
      );
    } catch (error) {
      if (error instanceof DatabaseLostError) {
        const stopped = this.#options.stop.reason;
        return {
          status: 'incomplete',
          reason: stopped ?? error.message,
          waitingFor: stopped === null ? THE_DATABASE : null,
          proved: false,
          // It stands where it stood.
          unrecorded: !this.#hasBegun,
        };
      }
      return classifyFailure(error) === 'lock' ? this.#locked() : this.#failed(error);
    }
  }

  /** Somebody kept the table locked while we looked at it between two ranges. */
  async #locked(): Promise<RunOutcome> {
    const selection = this.#selection;
    const waitingFor =
      selection && (await this.#closing.ask((session) => describeLock(session, selection, null)));
    return {
      status: 'incomplete',
      reason: `Waited for a lock for as long as allowed: ${waitingFor ?? 'nobody could be named'}.`,
      waitingFor: waitingFor ?? 'a lock',
      proved: false,
      // What is complete stays so until a probe has shown otherwise.
      unrecorded: this.#found?.status === 'complete' && !this.#running,
    };
  }

  /** An ending, when a backfill that this one depends on is not complete. */
  async #waitsFor(record: LedgerRecord): Promise<RunOutcome | null> {
    for (const { name, version, dataSource } of this.#options.dependencies) {
      // It may live in another database, with a ledger of its own. In the same one the pool may have no second connection.
      const there = dataSource === this.#definition.dataSource ? this.#connection : this.#connect(dataSource);
      try {
        await there.use((session) => installLedger(session, this.#schema));
        const status = await there.use((session) => this.#ledgers.of({ name, version }).status.read(session));
        if (status === 'complete') continue;
        return {
          status: record.status,
          reason: `Waits for the backfill "${name}", which is ${status ?? 'pending'}.`,
          waitingFor: `the backfill "${name}"`,
          proved: false,
          unrecorded: true,
        };
      } finally {
        if (there !== this.#connection) await there.drop();
      }
    }
    return null;
  }

  /**
   * Before anything is read of the table: counting what is pending is work for the database too, and would queue up behind whoever
   * waits for the table. Where there is nothing to do, as far as is known, only a probe is coming.
   */
  async #waitsToBegin({ status }: LedgerRecord): Promise<RunOutcome | null> {
    if (status === 'complete') return null;
    const held = await this.#connection.use((session) => this.#gate.pass(session));
    if (held !== null) return heldBack(held);
    const { reason } = this.#options.stop;
    const { waitingFor } = this.#gate;
    if (reason === null || waitingFor === null) return null;
    await this.#connection.use((session) => this.#gate.leave(session));
    return { status: 'incomplete', reason, waitingFor, proved: false, unrecorded: !this.#hasBegun };
  }

  async #work(record: LedgerRecord): Promise<RunOutcome> {
    const { stop, tenants, turn } = this.#options;
    const facts = await this.#connection.use((session) => inspectTable(session, this.#definition));
    const selection = (this.#selection = new RowSelection(this.#definition, this.#ledger, facts, tenants));
    if (this.#options.retryQuarantined) {
      await this.#connection.use((session) => this.#ledger.ranges.planRetry(session, tenants));
    }
    let sweeps = 0;
    let changedBefore = -1;
    let misses = 0;
    let hasWorked = false;
    let hasSeenHolder = false;
    for (;;) {
      const range = await takeRange(this.#connection, {
        ledger: this.#ledger,
        selection,
        most: this.#gate.control.most,
        among: this.#among,
        goOn: () => stop.reason === null,
      });
      if (range) {
        misses = 0;
        hasWorked = true;
        if (turn) turn.state.hasPlace = true;
        await this.#start(record, selection);
        const outcome = await this.#workOff(range, selection, sweeps > 1);
        if (outcome.kind === 'failed') return this.#failed(outcome.error);
        if (outcome.kind === 'lost' && !this.#isShared)
          return { ...outcome, status: 'running', waitingFor: null, proved: false, unrecorded: true };
        if (outcome.kind === 'held') return heldBack(outcome);
        if (outcome.kind === 'stopped') return { ...outcome, status: 'incomplete', proved: false };
        continue;
      }
      const met = turn && stop.reason === null ? await this.#meet(turn) : null;
      if (met === 'again') continue;
      if (met !== null) return met;
      // While somebody was still dividing the work there was nothing to take: only what is not found beside a holder is not there.
      if (!turn && !hasSeenHolder && (await this.#isGoingOn())) {
        hasSeenHolder = true;
        continue;
      }
      const isCalled = hasWorked ? this.#callBack() : undefined;
      const holder = turn ? null : await this.#watch(tenants, isCalled);
      // Who has a part in it stays until the whole is done: the others' ranges may come free, or be worth halving.
      if (holder && hasWorked && stop.reason === null) {
        const held = await this.#others(holder.owner);
        if (held !== null) return heldBack(held);
        continue;
      }
      if (holder && !hasSeenHolder && stop.reason === null) continue;
      if (holder) return leasedBy(holder.owner);
      if (stop.reason !== null)
        return {
          status: 'incomplete',
          reason: stop.reason,
          waitingFor: null,
          proved: false,
          unrecorded: !this.#hasBegun,
        };
      // A range that came free while we looked at its holder is taken in the next round.
      if (await this.#connection.use((session) => this.#ledger.ranges.hasUnfinished(session, tenants))) {
        // Or its row is locked, as by a transaction of a process that is gone.
        await this.#endAbandoned();
        await stop.sleep(backOff(++misses, { baseMs: 20, maxMs: 1_000 }));
        continue;
      }
      if (this.#isShared && !(await this.#finish.take())) {
        const held = await this.#others('the one that proves that it is complete');
        if (held !== null) return heldBack(held);
        continue;
      }
      const isWatched = hasWorked || (turn !== undefined && record.status !== 'complete');
      const ended = isWatched ? await this.#endedByAnother() : null;
      if (ended) return ended;
      let held: Held | null = null;
      const pending = await this.#connection.use((session) =>
        findPending(session, selection, {
          excludeQuarantined: true,
          canContinue: async () => {
            held = await this.#gate.pass(session);
            return held === null && stop.reason === null;
          },
        }),
      );
      if (pending === 'stopped') {
        if (held !== null) return heldBack(held);
        return { status: 'incomplete', reason: stop.reason ?? 'Stopped.', waitingFor: null, proved: false };
      }
      if (pending === null) return this.#nothingPending(record, selection);
      if (sweeps === SWEEPS_MOST || this.#log.updated === changedBefore) {
        return neverEnding(selection.describe(pending), this.#log.updated === changedBefore, SWEEPS_MOST);
      }
      changedBefore = this.#log.updated;
      sweeps++;
      await this.#plan(selection);
      await this.#finish.release();
    }
  }

  /** What nobody else would ever end, and what our own rows and ranges would be locked by. */
  async #endAbandoned(): Promise<void> {
    const ended = await this.#connection.use((session) => session.endAbandoned());
    if (ended > 0)
      this.#log.note(
        'warn',
        `Ended ${ended === 1 ? 'a transaction' : `${ended} transactions`} that a process which is gone has left half sent.`,
      );
  }

  /**
   * A turn in which there is nothing to take: a process that finds no place free leaves the run to the others; one that has had one goes
   * on elsewhere meanwhile, or waits.
   *
   * @returns how this turn ends; `again` to look again; null when nobody has anything of it in hand
   */
  async #meet({ state, waits }: TenantRun): Promise<RunOutcome | 'again' | null> {
    const { tenants } = this.#options;
    const leases = await this.#connection.use((session) =>
      this.#ledger.leases.foreignLeases(session, 'every'),
    );
    const alive = leases.filter(({ expiresInMs }) => expiresInMs > 0).length;
    const isFull = alive >= this.#gate.control.most;
    if (!isFull) state.hasPlace = true;
    const atOnce = () => Promise.resolve(true);
    const holder = await this.#watch(
      isFull ? 'every' : (tenants ?? 'every'),
      state.hasPlace ? atOnce : undefined,
    );
    if (holder === null) return isFull ? 'again' : null;
    if (this.#options.stop.reason !== null) return 'again';
    if (!state.hasPlace) return leasedBy(holder.owner);
    if (!isFull && !waits) return inOthersHands(holder.owner);
    const held = await this.#others(holder.owner);
    return held === null ? 'again' : heldBack(held);
  }

  #watch(among: LeaseScope, isNeeded?: () => Promise<boolean>): Promise<ForeignLease | null> {
    const { stop } = this.#options;
    return watchHolder(this.#connection, this.#ledger, among, stop, isNeeded);
  }

  /** Among whose leases the most workers are counted: where each tenant has a sweep of its own, among those of all. */
  get #among(): LeaseScope {
    return this.#options.turn ? 'every' : this.#options.tenants;
  }

  /** Whether the ledger was told that the run has begun, be it by an earlier turn. */
  get #hasBegun(): boolean {
    const { turn } = this.#options;
    return this.#running || (turn?.state.hasBegun === true && this.#found?.status !== 'complete');
  }

  /** Whether other processes may have a part in it: between two turns, one comes in even where one alone may be at work. */
  get #isShared(): boolean {
    return this.#options.turn !== undefined || this.#gate.control.isShared;
  }

  async #endedByAnother(): Promise<RunOutcome | null> {
    if (!this.#isShared) return null;
    const status = await this.#connection.use((session) => this.#ledger.status.read(session));
    return status === 'complete' ? provedByAnother() : null;
  }

  /** Tells whether people have said something meanwhile that is not to wait: e.g. that there may be more workers again. */
  #callBack(): () => Promise<boolean> {
    const { most } = this.#gate.control;
    return async () => {
      const held = await this.#connection.use((session) => this.#gate.poll(session));
      return held !== null || this.#gate.control.most !== most;
    };
  }

  /** Waits a moment for the other processes. @returns why not to wait any longer; null to look again */
  async #others(owner: string): Promise<Held | null> {
    this.#log.waiting(`the other workers, e.g. ${owner}`);
    await this.#options.stop.sleep(LOOK_AGAIN);
    // More workers may be wanted by now than when this one had to leave.
    return this.#connection.use((session) => this.#gate.poll(session));
  }

  async #plan(selection: RowSelection): Promise<void> {
    const { tenants } = this.#options;
    await this.#connection.use(async (session) => {
      const upper = await upperSweepBound(session, selection, { excludeQuarantined: true });
      if (upper === null) return;
      const lower = await lowerSweepBound(session, selection, { excludeQuarantined: true });
      const cuts = await findSplitKeys(session, selection, {
        lower,
        upper,
        parts: this.#gate.control.most,
      });
      await this.#ledger.ranges.planSweep(session, tenants, [lower, ...cuts, upper]);
    });
  }

  async #start(record: LedgerRecord, selection: RowSelection): Promise<void> {
    if (this.#running) return;
    const reason = this.#startReason(record);
    this.#running = true;
    await this.#connection
      .use((session) => this.#ledger.status.transition(session, { to: 'running', reason }))
      // A person has paused it a moment ago, which the gate before the first batch tells.
      .catch((error: unknown) => {
        if (!(error instanceof IllegalTransitionError && isHeld(error.from))) throw error;
      });
    const total = await this.#connection.use((session) => countPending(session, selection));
    this.#log.started(this.#definition.version, reason, total);
    const problem = await this.#connection.use((session) => inspectDeclaredIndex(session, this.#definition));
    if (problem !== null) this.#log.note('warn', problem);
  }

  #startReason(record: LedgerRecord): string {
    const { turn } = this.#options;
    if (!turn) return startReason(record);
    const why = this.#hasBegun ? '' : `${startReason(record)} `;
    turn.state.hasBegun = true;
    return `${why}${turn.title}`;
  }

  async #workOff(range: LeasedRange, selection: RowSelection, isRepeated: boolean): Promise<RangeOutcome> {
    const counts = await this.#connection.use((session) => this.#ledger.progress.counts(session, null));
    const crew = (this.#crew = new WorkerPool({
      ledger: this.#ledger,
      selection,
      quarantine: new Quarantine(selection, counts.quarantined),
      gate: this.#gate,
      log: this.#log,
      stop: this.#options.stop,
      connection: this.#connection,
      connect: () => this.#connect(),
      isRepeated,
    }));
    return crew.work(range);
  }

  #connect(dataSource = this.#definition.dataSource): RunConnection {
    const { stop, connectTimeoutMs } = this.#options;
    const { statementTimeout } = this.#definition.pace;
    const warn = (message: string) => this.#log.note('warn', message);
    return new RunConnection({ dataSource, statementTimeout, stop, connectTimeoutMs, warn });
  }

  async #nothingPending(record: LedgerRecord, selection: RowSelection): Promise<RunOutcome> {
    const { tenants } = this.#options;
    await this.#connection.use((session) => releaseDone(session, selection));
    const counts = await this.#connection.use((session) => this.#ledger.progress.counts(session, tenants));
    if (counts.quarantined > 0) return heldByQuarantine(record, counts.quarantined, this.#running);
    if (counts.skipped > 0 || this.#running)
      await this.#connection.use((session) => this.#ledger.ranges.closeLeftovers(session, tenants));
    const withoutRows =
      (await this.#closing.ask((session) => this.#tenantsWithoutRows(session, selection))) ?? [];
    if (withoutRows.length > 0) this.#log.note('warn', `${noRowHas(withoutRows)}.`);
    return nothingPending(record, tenants, this.#running, withoutRows);
  }

  /** Of those that a person has named for this run, which may be misspelt; one that rows were done of had some. */
  async #tenantsWithoutRows(session: Session, selection: RowSelection): Promise<string[]> {
    const { turn, tenants } = this.#options;
    if (tenants === null || turn?.waits === false) return [];
    const touched = new Set(
      (await this.#ledger.progress.tenants(session, tenants)).map(({ tenant }) => tenant),
    );
    return tenantsWithoutRows(
      session,
      selection,
      tenants.filter((tenant) => !touched.has(tenant)),
    );
  }

  #failed(error: unknown): RunOutcome {
    const told =
      sqlState(error) === undefined ? error : new InvalidStatementError(this.#definition.name, error);
    // What is complete stays so, even where it cannot be probed any more, e.g. since a later migration dropped its column.
    const unrecorded = this.#found === null || (this.#found.status === 'complete' && !this.#running);
    return { status: 'failed', reason: messageOf(told), waitingFor: null, proved: false, unrecorded };
  }

  /** Others have ranges in hand: how it ends is theirs to say. */
  async #isGoingOn(): Promise<boolean> {
    const leases = await this.#connection.use((session) =>
      this.#ledger.leases.foreignLeases(session, this.#among),
    );
    return leases.some(({ owner, expiresInMs }) => owner !== this.#ledger.owner && expiresInMs > 0);
  }
}
