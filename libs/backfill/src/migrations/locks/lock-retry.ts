import { setTimeout as pause } from 'node:timers/promises';
import type { DataSource } from 'typeorm';
import { sqlState } from '../../postgres/error-classes.js';
import { backOff } from '../../text/back-off.js';
import { findBlockers, type LockBlocker } from './lock-blockers.js';
import { MigrationBlockedError } from '../migration.error.js';
import type { DdlPolicy, MigrationLog } from '../migration.options.js';

const MAX_PAUSE_MS = 30_000;
/** SQLSTATEs of a lock timeout, and of a deadlock between DDL and the application's transactions. */
const LOCK_ERROR_CODES = new Set(['55P03', '40P01']);

export function isLockError(error: unknown): boolean {
  return LOCK_ERROR_CODES.has(sqlState(error) ?? '');
}

/** The blockers of a statement that waited for its lock, stored by the error of the statement. */
interface Observation {
  readonly blockers: readonly LockBlocker[];
  readonly statement: string;
}
const observations = new WeakMap<object, Observation>();

/** A statement that may wait for a lock. */
interface Running {
  readonly pid: number;
  readonly startedAt: number;
  reading: Promise<readonly LockBlocker[]> | undefined;
}

export interface LockRetryOptions {
  readonly policy: DdlPolicy;
  readonly dataSource: DataSource;
  /** Name of the migration, for messages. */
  readonly migration: string;
  readonly log: MigrationLog;
}

/**
 * Retries work that did not get its locks, with exponential back-off and jitter. Each retry logs the sessions
 * that held the locks.
 */
export class LockRetry {
  readonly policy: DdlPolicy;
  readonly #dataSource: DataSource;
  readonly #migration: string;
  readonly #log: MigrationLog;
  /** The blockers of the last attempt for which they could be read. */
  #blockers: readonly LockBlocker[] = [];
  #attempt = 0;
  readonly #running = new Set<Running>();
  #timer: NodeJS.Timeout | undefined;
  readonly #startedAt = performance.now();

  constructor({ policy, dataSource, migration, log }: LockRetryOptions) {
    this.policy = policy;
    this.#dataSource = dataSource;
    this.#migration = migration;
    this.#log = log;
  }

  /** @throws MigrationBlockedError after the last attempt or the total time; any other error unchanged */
  async run<T>(label: string, work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!isLockError(error)) throw error;
        await this.waitAfterFailure(error, label);
      }
    }
  }

  /**
   * Logs a failed attempt and waits before the next attempt. @throws MigrationBlockedError if no attempt is
   * left
   */
  async waitAfterFailure(error: unknown, label: string): Promise<void> {
    this.#attempt += 1;
    const { lockAttempts, lockRetryTotal } = this.policy;
    const delay = backOff(this.#attempt, {
      baseMs: this.policy.lockBackoff,
      maxMs: MAX_PAUSE_MS,
      jitter: 'equal',
    });
    const elapsedMs = performance.now() - this.#startedAt;
    const statement = this.#observationOf(error)?.statement ?? label;
    if (this.#attempt >= lockAttempts || elapsedMs + delay > lockRetryTotal)
      throw this.#blocked(error, statement);
    const blockers = this.#blockers.map(({ description }) => description).join('; ') || 'an unknown session';
    this.#log.warn(
      `${this.#migration} did not get its lock (attempt ${this.#attempt} of ${lockAttempts}), blocked by ${blockers}; next attempt in ${delay} ms: ${statement}`,
    );
    await pause(delay);
  }

  /** Creates the error for the last attempt. */
  finalError(error: unknown, label: string): MigrationBlockedError {
    this.#attempt += 1;
    return this.#blocked(error, this.#observationOf(error)?.statement ?? label);
  }

  #observationOf(error: unknown): Observation | undefined {
    const observation = typeof error === 'object' && error !== null ? observations.get(error) : undefined;
    if (observation && observation.blockers.length > 0) this.#blockers = observation.blockers;
    return observation;
  }

  #blocked(error: unknown, statement: string): MigrationBlockedError {
    return new MigrationBlockedError(this.#migration, {
      attempts: this.#attempt,
      blockers: this.#blockers,
      statement,
      cause: error,
    });
  }

  /** Reads the blocking sessions if `work` takes longer than half of the lock timeout. */
  async observe<T>(pid: number, statement: string, work: () => Promise<T>): Promise<T> {
    const running: Running = { pid, startedAt: performance.now(), reading: undefined };
    this.#running.add(running);
    if (!this.#timer) this.#readBlockersIn(this.policy.lockTimeout / 2);
    try {
      return await work();
    } catch (error) {
      if (isLockError(error) && typeof error === 'object' && error !== null && !observations.has(error))
        observations.set(error, { blockers: (await running.reading) ?? [], statement });
      throw error;
    } finally {
      this.#running.delete(running);
    }
  }

  /** One timer serves all statements: most of them end long before it. */
  #readBlockersIn(delayMs: number): void {
    const patienceMs = this.policy.lockTimeout / 2;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const now = performance.now();
      let nextMs = Infinity;
      for (const running of this.#running) {
        if (running.reading) continue;
        const leftMs = running.startedAt + patienceMs - now;
        if (leftMs < 1) running.reading = findBlockers(this.#dataSource, running.pid);
        else nextMs = Math.min(nextMs, leftMs);
      }
      if (nextMs !== Infinity) this.#readBlockersIn(nextMs);
    }, delayMs);
    this.#timer.unref();
  }
}
