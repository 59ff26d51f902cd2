import { setTimeout as pause } from 'node:timers/promises';
import type { DataSource } from 'typeorm';
import { sqlState } from '../../postgres/error-classes.js';
import { backOff } from '../../text/back-off.js';
import { findBlockers, type LockBlocker } from './lock-blockers.js';
import { MigrationBlockedError } from '../migration.error.js';
import type { DdlPolicy, MigrationLog } from '../migration.options.js';

const MAX_PAUSE_MS = 30_000;
/** Lock timeout, and the deadlock that DDL runs into with the application's own transactions. */
const LOCK_CODES = new Set(['55P03', '40P01']);

export function isLockError(error: unknown): boolean {
  return LOCK_CODES.has(sqlState(error) ?? '');
}

/** What was seen while the statement of a lock error was waiting; kept by the error, which passes through several hands. */
interface Sighting {
  readonly blockers: readonly LockBlocker[];
  readonly statement: string;
}
const sightings = new WeakMap<object, Sighting>();

/** Tries again what did not get its locks, with growing, jittered pauses, and names who held them each time. */
export class LockRetry {
  /** The last that were seen: a try may end before anybody could be asked. */
  #blockers: readonly LockBlocker[] = [];
  #attempt = 0;
  readonly #startedAt = performance.now();

  constructor(
    readonly policy: DdlPolicy,
    private readonly dataSource: DataSource,
    private readonly migration: string,
    private readonly log: MigrationLog,
  ) {}

  /** @throws MigrationBlockedError when the tries or the time are used up; any other error as it is */
  async run<T>(what: string, work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!isLockError(error)) throw error;
        await this.failed(error, what);
      }
    }
  }

  /** Counts a try, says who blocked it, and waits for the next. @throws MigrationBlockedError when there is none */
  async failed(error: unknown, what: string): Promise<void> {
    this.#attempt += 1;
    const { lockAttempts, lockRetryTotal } = this.policy;
    const delay = backOff(this.#attempt, {
      baseMs: this.policy.lockBackoff,
      maxMs: MAX_PAUSE_MS,
      jitter: 'equal',
    });
    const spent = performance.now() - this.#startedAt;
    const statement = this.#look(error)?.statement ?? what;
    if (this.#attempt >= lockAttempts || spent + delay > lockRetryTotal)
      throw this.#blocked(error, statement);
    const who =
      this.#blockers.map(({ description }) => description).join('; ') ||
      'a session that could not be found out';
    this.log.warn(
      `${this.migration} did not get its lock (try ${this.#attempt} of ${lockAttempts}), blocked by ${who}; again in ${delay} ms: ${statement}`,
    );
    await pause(delay);
  }

  /** For where there can be no other try. */
  giveUp(error: unknown, what: string): MigrationBlockedError {
    this.#attempt += 1;
    return this.#blocked(error, this.#look(error)?.statement ?? what);
  }

  #look(error: unknown): Sighting | undefined {
    const sighting = typeof error === 'object' && error !== null ? sightings.get(error) : undefined;
    if (sighting && sighting.blockers.length > 0) this.#blockers = sighting.blockers;
    return sighting;
  }

  #blocked(error: unknown, statement: string): MigrationBlockedError {
    return new MigrationBlockedError(this.migration, this.#attempt, this.#blockers, statement, error);
  }

  /** Asks who blocks, should `work` wait for half of the lock timeout. */
  async observe<T>(pid: number, statement: string, work: () => Promise<T>): Promise<T> {
    let asking: Promise<readonly LockBlocker[]> | undefined;
    const timer = setTimeout(() => {
      asking = findBlockers(this.dataSource, pid);
    }, this.policy.lockTimeout / 2);
    try {
      return await work();
    } catch (error) {
      if (isLockError(error) && typeof error === 'object' && error !== null)
        sightings.set(error, { blockers: (await asking) ?? [], statement });
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}
