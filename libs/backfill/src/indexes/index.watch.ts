import { randomUUID } from 'node:crypto';
import type { QueryRunner } from 'typeorm';
import { describeSession } from '../postgres/session-description.js';
import type { Session } from '../postgres/session.js';

/** How often a statement under watch is looked at, in milliseconds. */
const LOOK_EVERY = 500;
/** How often its progress is told while it stays in one phase, in milliseconds. */
const TELL_EVERY = 10_000;

/** What a statement under watch may do. */
export interface WatchOptions {
  /** Sends statements beside the one that is watched, on connections outside of the pool. */
  readonly beside: Pick<Session, 'sendOnSideConnection'>;
  /**
   * How long it may wait for others in one go, in milliseconds; or for as long as it has been at it before, where that is more: an
   * hour's work is not thrown away for want of five minutes.
   */
  readonly maxWait: number;
  /** Asks it to stop; the reason is told. */
  readonly signal?: AbortSignal;
  /** Told how far it has come and whom it waits for, whenever that changes and every ten seconds. */
  readonly tell: (line: string) => void;
}

/** The server was asked to cancel the statement, for this reason. */
export class CancelledError extends Error {
  constructor(
    readonly reason: string,
    override readonly cause: unknown,
  ) {
    super(reason, { cause });
    this.name = 'CancelledError';
  }
}

/**
 * The statement is found by the mark at its beginning: behind a pooler nobody knows which of the server's processes works
 * on it. A build waits for locks on virtual transactions, so pg_blocking_pids() knows for whom, its own locks included.
 */
const LOOK = `
  SELECT coalesce(p.phase, a.wait_event, 'beginning'),
         CASE WHEN p.blocks_total > 0 THEN (100 * p.blocks_done / p.blocks_total)::text END,
         (SELECT string_agg(${describeSession('b')}, '; ')
            FROM unnest(pg_blocking_pids(a.pid)) AS w (pid) LEFT JOIN pg_stat_activity AS b ON b.pid = w.pid)
    FROM pg_stat_activity AS a
    LEFT JOIN pg_stat_progress_create_index AS p ON p.pid = a.pid
   WHERE a.datname = current_database() AND a.backend_type = 'client backend' AND a.state = 'active' AND starts_with(a.query, $1)`;

const CANCEL = `
  SELECT pg_cancel_backend(a.pid)::text FROM pg_stat_activity AS a
   WHERE a.datname = current_database() AND a.backend_type = 'client backend' AND a.state = 'active' AND starts_with(a.query, $1)`;

/**
 * Runs a statement that may take long, and tells meanwhile how far it has come and whom it waits for.
 *
 * @throws CancelledError when it was asked to stop, or has waited for longer than `maxWait`; the database's error otherwise
 */
export async function underWatch(runner: QueryRunner, sql: string, options: WatchOptions): Promise<void> {
  await new Watch(options).run(runner, sql);
}

class Watch {
  readonly #mark = `/* nestjs-backfill ${randomUUID()} */`;
  readonly #options: WatchOptions;
  #timer: NodeJS.Timeout | undefined;
  #ended = false;
  readonly #startedAt = performance.now();
  #cancelling: string | undefined;
  #waitingSince: number | undefined;
  #told = '';
  #toldAt = 0;

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  async run(runner: QueryRunner, sql: string): Promise<void> {
    const { signal } = this.#options;
    const hurry = () => this.#lookIn(0);
    signal?.addEventListener('abort', hurry);
    this.#lookIn(LOOK_EVERY);
    try {
      await runner.query(`${this.#mark} ${sql}`);
    } catch (error) {
      throw this.#cancelling === undefined ? error : new CancelledError(this.#cancelling, error);
    } finally {
      this.#ended = true;
      clearTimeout(this.#timer);
      signal?.removeEventListener('abort', hurry);
    }
  }

  #lookIn(milliseconds: number): void {
    clearTimeout(this.#timer);
    if (this.#ended) return;
    this.#timer = setTimeout(() => {
      // A look that fails must not end the build; the next one may succeed.
      void this.#look()
        .catch(() => undefined)
        .finally(() => this.#lookIn(LOOK_EVERY));
    }, milliseconds);
  }

  async #look(): Promise<void> {
    const { beside, signal, maxWait } = this.#options;
    if (signal?.aborted) this.#cancelling ??= `${String(signal.reason)}: it was stopped`;
    if (this.#cancelling === undefined) {
      const { rows } = await beside.sendOnSideConnection([{ text: LOOK, values: [this.#mark] }]);
      const [phase, share = null, blockers = null] = rows[0]?.[0] ?? [];
      if (this.#ended || typeof phase !== 'string') return;
      this.#tell(phase, share, blockers);
      if (blockers === null) this.#waitingSince = undefined;
      else {
        const now = performance.now();
        const since = (this.#waitingSince ??= now);
        const allowed = Math.max(maxWait, since - this.#startedAt);
        if (now - since >= allowed)
          this.#cancelling = `it waited for ${seconds(allowed)}, which is as long as allowed, for ${blockers}`;
      }
    }
    // Asked again at each look: the statement may only be on its way to the server.
    if (this.#cancelling !== undefined)
      await beside.sendOnSideConnection([{ text: CANCEL, values: [this.#mark] }]);
  }

  #tell(phase: string, share: string | null, blockers: string | null): void {
    const progress = share === null ? '' : `, ${share} % of the table`;
    const wait = blockers === null ? '' : `, waiting for ${blockers}`;
    // The age of a blocker's transaction changes all the time; that it is another blocker is news.
    const gist = `${phase}${wait.replaceAll(/open for \d+ s/g, '')}`;
    const now = performance.now();
    if (gist === this.#told && now - this.#toldAt < TELL_EVERY) return;
    this.#told = gist;
    this.#toldAt = now;
    this.#options.tell(`${phase}${progress}${wait}`);
  }
}

function seconds(milliseconds: number): string {
  return milliseconds < 1000 ? `${milliseconds} ms` : `${Math.round(milliseconds / 1000)} s`;
}
