import type { DataSource } from 'typeorm';
import type { BackfillService } from '../backfills/backfill.service.js';
import type { BackfillDefinition } from '../backfills/definition/definition.js';
import type { BackfillReport } from '../backfills/report/report.js';
import type { RunRequest } from '../backfills/report/request.js';
import { formatDuration } from '../text/duration.format.js';
import { DeployLease } from '../ledger/lease/deploy-lease.js';
import { Session } from '../postgres/session.js';
import { inspectDue, pauseAfter, type Due } from './due.inspector.js';
import type { RoundLog } from './round.log.js';

/** The lease of who carries out a round: one process at a time. */
const LEASE = 'catch-up';

/** What a round needs of who starts it. */
export interface RoundOptions {
  /** In this order. */
  readonly backfills: readonly BackfillDefinition[];
  readonly maxDurationMs: number;
  /** Aborted when the application shuts down. */
  readonly signal: AbortSignal;
  /** Milliseconds from then until a batch is cancelled, and until connections are broken off. */
  readonly cancelAfterMs: number;
  readonly abandonAfterMs: number;
  /** Why no work may be done at this moment, in a sentence; null when it may. */
  readonly closed: () => string | null;
}

/** What came of a round. */
export interface RoundEnd {
  /** Nothing can ever become pending again, of none of the backfills. */
  readonly allSealed: boolean;
  /** The one that was at work when the time of the round was over. */
  readonly cutShort: BackfillDefinition | null;
}

/**
 * One round: of each backfill finds out whether it has anything to do, and has it done. Never throws: what goes wrong with one backfill is
 * told, and does not keep the others from being done.
 */
export class CatchUpRound {
  readonly #service: BackfillService;
  readonly #options: RoundOptions;
  readonly #log: RoundLog;
  readonly #leases = new Map<DataSource, DeployLease | null>();
  readonly #deadline: number;
  #sealed = 0;

  constructor(service: BackfillService, options: RoundOptions, log: RoundLog) {
    this.#service = service;
    this.#options = options;
    this.#log = log;
    this.#deadline = performance.now() + options.maxDurationMs;
  }

  async run(): Promise<RoundEnd> {
    const { backfills } = this.#options;
    let cutShort: BackfillDefinition | null = null;
    try {
      for (const definition of backfills) {
        if (this.#isOver()) break;
        await this.#catchUp(definition).catch((error: unknown) => this.#log.failed(definition.name, error));
        if (this.#timeIsUp) cutShort = definition;
      }
    } finally {
      await this.giveUp();
    }
    return { allSealed: this.#sealed === backfills.length, cutShort };
  }

  /** Hands the leases back, whatever is under way. */
  async giveUp(): Promise<void> {
    for (const lease of this.#leases.values()) await lease?.release();
  }

  #isOver(): boolean {
    const { signal, closed } = this.#options;
    return signal.aborted || this.#timeIsUp || closed() !== null;
  }

  get #timeIsUp(): boolean {
    return performance.now() >= this.#deadline;
  }

  async #catchUp(definition: BackfillDefinition): Promise<void> {
    const lease = await this.#lease(definition.dataSource);
    if (lease === null || lease.isLost) {
      return this.#log.debug(`${definition.name}: another process is carrying out a round.`);
    }
    const due = await this.#inspect(definition);
    this.#log.looked(definition, due);
    if (due.kind === 'sealed') this.#sealed++;
    if (due.kind !== 'run' || this.#isOver()) return;
    const report = await this.#run(definition);
    this.#log.ran(report, due.drift);
    // What was stopped with work left has read nothing to its end, and the next round goes on with it.
    if (due.indexed === false && (report.proved || !this.#isOver()))
      await this.#pause(definition, report.durationMs);
  }

  /** Asked for once a round and data source: each has a ledger of its own. */
  async #lease(dataSource: DataSource): Promise<DeployLease | null> {
    const known = this.#leases.get(dataSource);
    if (known !== undefined) return known;
    const lease = await DeployLease.tryAcquire(dataSource, {
      schema: this.#service.schema,
      phase: LEASE,
      duration: this.#service.ledger.leaseMs,
    });
    this.#leases.set(dataSource, lease);
    return lease;
  }

  #inspect(definition: BackfillDefinition): Promise<Due> {
    return this.#asked(definition, (session) => inspectDue(session, definition, this.#service.ledger));
  }

  #pause(definition: BackfillDefinition, tookMs: number): Promise<void> {
    return this.#asked(definition, (session) =>
      pauseAfter(session, definition, this.#service.ledger, tookMs),
    );
  }

  async #run({ name }: BackfillDefinition): Promise<BackfillReport> {
    const { signal, cancelAfterMs, abandonAfterMs, closed, maxDurationMs } = this.#options;
    const limit = `time limit of ${formatDuration(maxDurationMs)}`;
    // A signal of the run's own: what listens to it goes with it, while the application's stays for as long as that.
    const stop = new AbortController();
    const pass = () => stop.abort(signal.reason);
    signal.addEventListener('abort', pass);
    if (signal.aborted) pass();
    try {
      return await this.#runUntil(name, {
        signal: stop.signal,
        cancelAfterMs,
        abandonAfterMs,
        // The run has what is left of the round's time, and tells the round's limit.
        stopWhen: () => closed() ?? (this.#timeIsUp ? `Stopped at the round's ${limit}.` : null),
      });
    } finally {
      signal.removeEventListener('abort', pass);
    }
  }

  async #runUntil(
    name: string,
    until: Pick<RunRequest, 'signal' | 'cancelAfterMs' | 'abandonAfterMs' | 'stopWhen'>,
  ): Promise<BackfillReport> {
    const { backfills } = await this.#service.run({
      names: [name],
      maxDurationMs: Math.max(0, this.#deadline - performance.now()),
      ...until,
      observer: { noted: ({ message }) => this.#log.debug(`${name}: ${message}`) },
    });
    return backfills[0] as BackfillReport;
  }

  async #asked<T>(
    { dataSource }: BackfillDefinition,
    question: (session: Session) => Promise<T>,
  ): Promise<T> {
    const session = await Session.open(dataSource, { signal: this.#options.signal });
    try {
      return await question(session);
    } finally {
      await session.close();
    }
  }
}
