import type { DataSource } from 'typeorm';
import { schemaOption } from '../../data-sources/data-source.schema.js';
import type { BackfillService } from '../../backfills/backfill.service.js';
import { namedTarget } from '../../ledger/target/target.js';
import type { BackfillDefinition } from '../../backfills/definition/definition.js';
import { isDone, type BackfillReport } from '../../report/report.js';
import { DeployLease } from '../../ledger/lease/deploy-lease.js';
import type { Ledger } from '../../ledger/ledger.js';
import { RoundLedger } from '../../ledger/records/round.ledger.js';
import { messageOf } from '../../postgres/error-classes.js';
import { Session } from '../../postgres/session.js';
import { onAbort } from '../../text/abort.listener.js';
import { formatDuration } from '../../text/duration.format.js';
import { inspectDue, postponeAfterRun, type Due } from './due.inspector.js';
import type { RoundLog } from './round.log.js';
import { RoundTally } from './round.tally.js';

/** The lease that a process must hold to run a round, so that only one process runs a round at a time. */
const LEASE_PHASE = 'catch-up';

/** The parts of the application that a round uses. */
export interface RoundServices {
  readonly backfills: Pick<BackfillService, 'run' | 'schema'>;
  readonly ledger: Ledger;
  readonly log: RoundLog;
}

export interface RoundOptions {
  /** The name of the job. */
  readonly job: string;
  /** The round runs them in this order. */
  readonly backfills: readonly BackfillDefinition[];
  readonly maxDurationMs: number;
  /** Aborted when the application shuts down. */
  readonly signal: AbortSignal;
  /** Milliseconds from the abort until the current batch is cancelled. */
  readonly cancelAfterMs: number;
  /** Milliseconds from the abort until the connections are closed. */
  readonly abandonAfterMs: number;
  /** The reason that no backfill may run now, as a sentence; null if backfills may run. */
  readonly closedReason: () => string | null;
}

export interface RoundOutcome {
  /** Every backfill is sealed: none can have a pending row again. */
  readonly isAllSealed: boolean;
  /** The backfill that was running when the round reached its time limit. */
  readonly timedOut: BackfillDefinition | null;
}

/**
 * One round: inspects each backfill and runs it if it is due. Never throws: an error of one backfill is
 * logged, and the others still run.
 */
export class CatchUpRound {
  readonly #services: RoundServices;
  readonly #options: RoundOptions;
  /** The leases by data source; null if another process holds the lease. */
  readonly #leases = new Map<DataSource, DeployLease | null>();
  readonly #deadline: number;
  readonly #tallies = new Map<DataSource, RoundTally>();
  readonly #startedAt = performance.now();
  #sealed = 0;

  constructor(services: RoundServices, options: RoundOptions) {
    this.#services = services;
    this.#options = options;
    this.#deadline = this.#startedAt + options.maxDurationMs;
  }

  async run(): Promise<RoundOutcome> {
    const { backfills } = this.#options;
    let timedOut: BackfillDefinition | null = null;
    try {
      for (const definition of backfills) {
        if (this.#isOver()) break;
        await this.#catchUp(definition).catch((error: unknown) => {
          this.#tallies.get(definition.dataSource)?.failed(definition.name, messageOf(error));
          this.#services.log.roundFailed(definition.name, error);
        });
        if (this.#isTimeUp) timedOut = definition;
      }
    } finally {
      await this.#record();
      await this.releaseLeases();
    }
    return { isAllSealed: this.#sealed === backfills.length, timedOut };
  }

  /** Records the round for people, by the process that holds the lease. Never throws. */
  async #record(): Promise<void> {
    const { ledger } = this.#services;
    const { job, signal } = this.#options;
    const durationMs = performance.now() - this.#startedAt;
    for (const [dataSource, tally] of this.#tallies) {
      if (signal.aborted || this.#leases.get(dataSource)?.isLost !== false) continue;
      const statements = new RoundLedger(ledger).add({ job, durationMs, ...tally.counts });
      await this.#inSession({ dataSource }, (session) => session.transaction(statements)).catch(
        (error: unknown) => this.#services.log.debug(`${job}: not recorded. ${messageOf(error)}`),
      );
    }
  }

  /** May be called while the round is still running. */
  async releaseLeases(): Promise<void> {
    for (const lease of this.#leases.values()) await lease?.release();
  }

  #isOver(): boolean {
    const { signal, closedReason } = this.#options;
    return signal.aborted || this.#isTimeUp || closedReason() !== null;
  }

  get #isTimeUp(): boolean {
    return performance.now() >= this.#deadline;
  }

  async #catchUp(definition: BackfillDefinition): Promise<void> {
    const { ledger, log } = this.#services;
    const lease = await this.#lease(definition.dataSource);
    if (lease === null || lease.isLost) {
      return log.debug(`${definition.name}: another process is carrying out a round.`);
    }
    const tally = this.#tallyOf(definition.dataSource);
    tally.inspected();
    const due = await this.#inSession(definition, (session) => inspectDue(session, definition, ledger));
    log.inspected(definition, due);
    if (due.kind === 'sealed') this.#sealed++;
    if (due.kind === 'run' && !this.#isOver()) await this.#runDue(definition, due);
  }

  async #runDue(definition: BackfillDefinition, due: Extract<Due, { kind: 'run' }>): Promise<void> {
    const { ledger, log } = this.#services;
    const report = await this.#run(definition);
    this.#tallyOf(definition.dataSource).ran(report);
    log.ran(report, due);
    // A run that was stopped has not read the table to its end: the next round continues it without a pause.
    const isComplete = isDone(report) || !this.#isOver();
    if (due.isIndexed !== false || !isComplete) return;
    await this.#inSession(definition, (session) =>
      postponeAfterRun(session, definition, { ledger, tookMs: report.durationMs }),
    );
  }

  #tallyOf(dataSource: DataSource): RoundTally {
    const tally = this.#tallies.get(dataSource) ?? new RoundTally();
    this.#tallies.set(dataSource, tally);
    return tally;
  }

  /** One lease per round and data source: each data source has its own ledger. */
  async #lease(dataSource: DataSource): Promise<DeployLease | null> {
    const known = this.#leases.get(dataSource);
    if (known !== undefined) return known;
    const { backfills, ledger } = this.#services;
    const schema = schemaOption(dataSource);
    const lease = await DeployLease.tryAcquire(dataSource, {
      schema: backfills.schema,
      phase: LEASE_PHASE,
      // No such table exists. It stands for the schema in which the data source has its tables.
      target: (session) => namedTarget(session, schema, LEASE_PHASE),
      duration: ledger.leaseMs,
      warn: (message) => this.#services.log.warn(message),
    });
    this.#leases.set(dataSource, lease);
    return lease;
  }

  async #run({ name }: BackfillDefinition): Promise<BackfillReport> {
    const { signal, cancelAfterMs, abandonAfterMs, closedReason, maxDurationMs } = this.#options;
    const timeUp = `Stopped at the round's time limit of ${formatDuration(maxDurationMs)}.`;
    // A separate signal for this run: on the application's signal, the listeners of all runs would accumulate
    // until the shutdown.
    const stop = new AbortController();
    const removeListener = onAbort(signal, () => stop.abort(signal.reason));
    try {
      const { backfills } = await this.#services.backfills.run({
        names: [name],
        maxDurationMs: Math.max(0, this.#deadline - performance.now()),
        signal: stop.signal,
        cancelAfterMs,
        abandonAfterMs,
        // The run gets only the remaining time of the round, but its reason must show the limit of the round.
        stopWhen: () => closedReason() ?? (this.#isTimeUp ? timeUp : null),
        observer: { noted: ({ message }) => this.#services.log.debug(`${name}: ${message}`) },
      });
      return backfills[0] as BackfillReport;
    } finally {
      removeListener();
    }
  }

  async #inSession<T>(
    { dataSource }: Pick<BackfillDefinition, 'dataSource'>,
    work: (session: Session) => Promise<T>,
  ): Promise<T> {
    const session = await Session.open(dataSource, { signal: this.#options.signal });
    try {
      return await work(session);
    } finally {
      await session.close();
    }
  }
}
