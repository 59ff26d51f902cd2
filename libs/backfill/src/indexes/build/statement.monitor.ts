import { randomUUID } from 'node:crypto';
import type { QueryRunner } from 'typeorm';
import { nullable, text } from '../../postgres/decoders.js';
import { describeSession } from '../../postgres/session-description.js';
import type { Session } from '../../postgres/session.js';
import { onAbort } from '../../text/abort.listener.js';

/** Time between two polls of a monitored statement. */
const POLL_INTERVAL_MS = 500;
/** Time between two reports while the statement stays in one phase. */
const REPORT_INTERVAL_MS = 10_000;

/** Limits of a monitored statement. */
export interface MonitorOptions {
  /** Sends statements on connections outside the pool, while the monitored statement is running. */
  readonly sideConnection: Pick<Session, 'sendOnSideConnection'>;
  /**
   * Maximum uninterrupted wait for other sessions. If the statement had already run for longer than that when
   * the wait began, it may wait for as long as it had run: an hour of work must not be lost because of a wait
   * of five minutes.
   */
  readonly maxWaitMs: number;
  /** Cancels the statement; its `reason` becomes the reason of the error. */
  readonly signal?: AbortSignal;
  /** Called with the progress and the blocking sessions, when they change and every ten seconds. */
  readonly report: (line: string) => void;
  /** Called at each poll with the share of the work that is done, from 0 to 1. @default not called */
  readonly progressed?: (share: number) => void;
}

/** The monitor has cancelled the statement. */
export class CancelledError extends Error {
  readonly reason: string;

  constructor(reason: string, cause: unknown) {
    super(reason, { cause });
    this.name = 'CancelledError';
    this.reason = reason;
  }
}

/**
 * The poll finds the statement by the comment at its beginning, because behind a pooler the server process is
 * unknown. A build waits for locks on virtual transactions, so pg_blocking_pids() returns the sessions for
 * which it waits.
 */
const pollStatement = () => `
  SELECT coalesce(p.phase, a.wait_event, 'starting'),
         CASE WHEN p.blocks_total > 0 THEN (100 * p.blocks_done / p.blocks_total)::text END,
         (SELECT pg_catalog.string_agg(${describeSession('b')}, '; ')
            FROM pg_catalog.unnest(pg_catalog.pg_blocking_pids(a.pid)) AS w (pid) LEFT JOIN pg_catalog.pg_stat_activity AS b ON b.pid = w.pid)
    FROM pg_catalog.pg_stat_activity AS a
    LEFT JOIN pg_catalog.pg_stat_progress_create_index AS p ON p.pid = a.pid
   WHERE a.datname = pg_catalog.current_database() AND a.backend_type = 'client backend' AND a.state = 'active' AND pg_catalog.starts_with(a.query, $1)`;

const CANCEL = `
  SELECT pg_catalog.pg_cancel_backend(a.pid)::text FROM pg_catalog.pg_stat_activity AS a
   WHERE a.datname = pg_catalog.current_database() AND a.backend_type = 'client backend' AND a.state = 'active' AND pg_catalog.starts_with(a.query, $1)`;

/** The state of the statement at one poll. */
interface Observation {
  readonly phase: string;
  /** The percentage of the table that the build has read. */
  readonly share: string | null;
  /** Descriptions of the sessions for which the statement waits. */
  readonly blockers: string | null;
}

/**
 * Runs a long statement, and reports its progress and the sessions for which it waits.
 *
 * @throws CancelledError after the signal, or when a wait exceeds its maximum; otherwise the database's error
 */
export async function runMonitored(runner: QueryRunner, sql: string, options: MonitorOptions): Promise<void> {
  await new StatementMonitor(options).run(runner, sql);
}

class StatementMonitor {
  readonly #marker = `/* nestjs-backfill ${randomUUID()} */`;
  readonly #options: MonitorOptions;
  #timer: NodeJS.Timeout | undefined;
  #hasEnded = false;
  readonly #startedAt = performance.now();
  /** Why the statement is being cancelled. */
  #cancelReason: string | undefined;
  #waitingSince: number | undefined;
  #reported = '';
  #reportedAt = 0;

  constructor(options: MonitorOptions) {
    this.#options = options;
  }

  async run(runner: QueryRunner, sql: string): Promise<void> {
    this.#schedulePoll(POLL_INTERVAL_MS);
    const stopListening = onAbort(this.#options.signal, () => this.#schedulePoll(0));
    try {
      await runner.query(`${this.#marker} ${sql}`);
    } catch (error) {
      throw this.#cancelReason === undefined ? error : new CancelledError(this.#cancelReason, error);
    } finally {
      this.#hasEnded = true;
      clearTimeout(this.#timer);
      stopListening();
    }
  }

  #schedulePoll(milliseconds: number): void {
    clearTimeout(this.#timer);
    if (this.#hasEnded) return;
    this.#timer = setTimeout(() => {
      // A failed poll must not end the build; the next one may succeed.
      void this.#poll()
        .catch(() => undefined)
        .finally(() => this.#schedulePoll(POLL_INTERVAL_MS));
    }, milliseconds);
  }

  async #poll(): Promise<void> {
    const { sideConnection, signal } = this.#options;
    if (signal?.aborted) this.#cancelReason ??= `${String(signal.reason)}: it was stopped`;
    if (this.#cancelReason === undefined) {
      const polled = await sideConnection.sendOnSideConnection([
        { text: pollStatement(), values: [this.#marker] },
      ]);
      const observed = polled.last.first<Observation>({
        phase: text,
        share: nullable(text),
        blockers: nullable(text),
      });
      if (this.#hasEnded || observed === undefined) return;
      this.#report(observed);
      if (observed.share !== null) this.#options.progressed?.(Number(observed.share) / 100);
      this.#checkWait(observed.blockers);
    }
    // Sent again at each poll, because the statement may not have reached the server yet.
    if (this.#cancelReason !== undefined)
      await sideConnection.sendOnSideConnection([{ text: CANCEL, values: [this.#marker] }]);
  }

  #checkWait(blockers: string | null): void {
    if (blockers === null) {
      this.#waitingSince = undefined;
      return;
    }
    const now = performance.now();
    const since = (this.#waitingSince ??= now);
    const allowedMs = Math.max(this.#options.maxWaitMs, since - this.#startedAt);
    if (now - since >= allowedMs)
      this.#cancelReason = `it waited for the maximum time of ${inSeconds(allowedMs)} for ${blockers}`;
  }

  #report({ phase, share, blockers }: Observation): void {
    const progress = share === null ? '' : `, ${share} % of the table`;
    const wait = blockers === null ? '' : `, waiting for ${blockers}`;
    // The age of a blocking transaction is ignored, because it changes at every poll.
    const summary = `${phase}${wait.replaceAll(/open for \d+ s/g, '')}`;
    const now = performance.now();
    if (summary === this.#reported && now - this.#reportedAt < REPORT_INTERVAL_MS) return;
    this.#reported = summary;
    this.#reportedAt = now;
    this.#options.report(`${phase}${progress}${wait}`);
  }
}

function inSeconds(milliseconds: number): string {
  return milliseconds < 1000 ? `${milliseconds} ms` : `${Math.round(milliseconds / 1000)} s`;
}
