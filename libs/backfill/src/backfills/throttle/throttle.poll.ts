import { isConnectionError, messageOf } from '../../postgres/error-classes.js';
import { isoTime } from '../../postgres/text-format.js';
import { Parameters } from '../../postgres/parameters.js';
import type { Session } from '../../postgres/session.js';
import { applyPolicy } from '../../postgres/timeout-policy.js';
import type { ServerThrottle } from './server/server.throttle.js';
import { tableLocks } from './server/table-locks.js';
import type { ThrottleReading } from './throttle.reading.js';

/** One value of the poll. */
export interface ThrottlePollPart {
  /** Its query reads the CTEs of `tableLocks`. */
  readonly usesTableLocks?: true;
  readonly reading: ThrottleReading;
  /** A query that returns one value, without parentheses. */
  query(parameters: Parameters): string;
  /** @param value in text format @returns why the run has to wait; null to continue */
  read(value: string | null): string | null;
}

export function toPollPart(throttle: ServerThrottle, reading: ThrottleReading): ThrottlePollPart {
  return {
    ...(throttle.usesTableLocks ? { usesTableLocks: true as const } : {}),
    reading,
    query: (parameters) => throttle.query(parameters),
    read: (value) => throttle.waitReason(value),
  };
}

/** In milliseconds. They are short, because the poll reads only system views and a few rows of the ledger. */
const TIMEOUTS = { lockTimeout: 500, statementTimeout: 5_000, idleInTransactionTimeout: 5_000 };

/**
 * Reads all parts in one query and one round trip, on the session of the batches. A part that fails is read
 * separately until it succeeds again, so that the other parts can still be read. Several workers may poll at
 * the same time, each on its own session. The result of a poll is ignored if a later poll has already
 * returned.
 */
export class ThrottlePoll {
  readonly #table: string;
  readonly #parts: readonly ThrottlePollPart[];
  readonly #failing = new Set<ThrottlePollPart>();
  /** Number of polls started. */
  #started = 0;
  /** The number of the latest poll that has returned. */
  #answered = 0;

  /** @param table quoted and qualified */
  constructor(table: string, parts: readonly ThrottlePollPart[]) {
    this.#table = table;
    this.#parts = parts;
  }

  /**
   * @returns the database's clock, ISO 8601; null if no part could be read
   * @throws if the connection is lost
   */
  async read(session: Session): Promise<string | null> {
    const number = ++this.#started;
    for (const { reading } of this.#parts) reading.pollStarted();
    const together = this.#parts.filter((part) => !this.#failing.has(part));
    const separate = [...this.#failing];
    const times: (string | null)[] = [];
    try {
      times.push(await this.#readTogether(session, together, number));
    } catch (error) {
      throwConnectionError(error);
      separate.push(...together);
    }
    for (const part of separate) times.push(await this.#readSeparately(session, part, number));
    return times.find((time) => time !== null) ?? null;
  }

  async #readSeparately(session: Session, part: ThrottlePollPart, number: number): Promise<string | null> {
    try {
      const time = await this.#readTogether(session, [part], number);
      this.#failing.delete(part);
      return time;
    } catch (error) {
      throwConnectionError(error);
      part.reading.pollFailed(messageOf(error));
      this.#failing.add(part);
      return null;
    }
  }

  /** @returns the database's clock; null if a later poll has already returned */
  async #readTogether(
    session: Session,
    parts: readonly ThrottlePollPart[],
    number: number,
  ): Promise<string | null> {
    const parameters = new Parameters();
    const locks = parts.some(({ usesTableLocks }) => usesTableLocks)
      ? tableLocks(parameters, this.#table)
      : '';
    const columns = parts.map((part) => `(${part.query(parameters)})::text`);
    const result = await session.query(
      applyPolicy(TIMEOUTS, { jit: 'off', max_parallel_workers_per_gather: '0' }),
      {
        text: `${locks}SELECT ${[isoTime('pg_catalog.clock_timestamp()'), ...columns].join(',\n')}`,
        values: parameters.values,
      },
    );
    if (number < this.#answered) return null;
    this.#answered = number;
    const [time = null, ...values] = result.rows[0] ?? [];
    parts.forEach((part, at) => readPart(part, values[at] ?? null));
    return time;
  }
}

function readPart(part: ThrottlePollPart, value: string | null): void {
  try {
    part.reading.pollSucceeded(part.read(value));
  } catch (error) {
    part.reading.pollFailed(messageOf(error));
  }
}

function throwConnectionError(error: unknown): void {
  if (isConnectionError(error)) throw error;
}
