import { isoTime } from '../../postgres/iso-time.js';
import { isConnectionError, messageOf } from '../../postgres/error-classes.js';
import { Parameters } from '../../postgres/parameters.js';
import type { Session } from '../../postgres/session.js';
import { applyPolicy } from '../../postgres/timeout-policy.js';
import { tableLocks } from './table-locks.js';
import type { ThrottleReading } from './throttle.reading.js';
import type { ServerThrottle } from './throttle.js';

/** One value of a look, and who takes it. */
export interface ThrottlePollPart {
  readonly usesLocks?: true;
  readonly reading: ThrottleReading;
  query(parameters: Parameters): string;
  /** @returns why to wait; null to go on */
  take(value: string | null): string | null;
}

export function serverPart(throttle: ServerThrottle, reading: ThrottleReading): ThrottlePollPart {
  return {
    ...(throttle.usesLocks ? { usesLocks: true as const } : {}),
    reading,
    query: (parameters) => throttle.query(parameters),
    take: (value) => throttle.judge(value),
  };
}

/** Milliseconds: what is asked are the server's own views and a row or two of the ledger. */
const PATIENCE = { lockTimeout: 500, statementTimeout: 5_000, idleInTransactionTimeout: 5_000 };

/**
 * Reads all parts in one query and one round trip, on the session that the batches use. A part that fails is read by itself from then on,
 * until it answers again: what the others say must not be lost with it. Several workers may read at once, each on its own session: an answer
 * that comes in after that of a later question is out of date, and left.
 */
export class ThrottlePoll {
  readonly #table: string;
  readonly #parts: readonly ThrottlePollPart[];
  readonly #broken = new Set<ThrottlePollPart>();
  /** Looks that were begun, and the last of them that was answered. */
  #begun = 0;
  #answered = 0;

  /** @param table quoted and qualified */
  constructor(table: string, parts: readonly ThrottlePollPart[]) {
    this.#table = table;
    this.#parts = parts;
  }

  /** @returns the database's clock, ISO 8601; null when it was not to be had. @throws the loss of the connection */
  async read(session: Session): Promise<string | null> {
    const number = ++this.#begun;
    for (const { reading } of this.#parts) reading.pollStarted();
    const sound = this.#parts.filter((part) => !this.#broken.has(part));
    const alone = [...this.#broken];
    const times: (string | undefined)[] = [];
    try {
      times.push(await this.#readTogether(session, sound, number));
    } catch (error) {
      throwLoss(error);
      alone.push(...sound);
    }
    for (const part of alone) times.push(await this.#readAlone(session, part, number));
    return times.find((time) => time !== undefined) ?? null;
  }

  async #readAlone(session: Session, part: ThrottlePollPart, number: number): Promise<string | undefined> {
    try {
      const time = await this.#readTogether(session, [part], number);
      this.#broken.delete(part);
      return time;
    } catch (error) {
      throwLoss(error);
      part.reading.pollFailed(messageOf(error));
      this.#broken.add(part);
      return undefined;
    }
  }

  async #readTogether(
    session: Session,
    parts: readonly ThrottlePollPart[],
    number: number,
  ): Promise<string | undefined> {
    const parameters = new Parameters();
    const locks = parts.some(({ usesLocks }) => usesLocks) ? tableLocks(parameters, this.#table) : '';
    const columns = parts.map((part) => `(${part.query(parameters)})::text`);
    const { rows } = await session.transaction([
      applyPolicy(PATIENCE, { jit: 'off', max_parallel_workers_per_gather: '0' }),
      {
        text: `${locks}SELECT ${[isoTime('clock_timestamp()'), ...columns].join(',\n')}`,
        values: parameters.values,
      },
    ]);
    if (number < this.#answered) return undefined;
    this.#answered = number;
    const [time, ...values] = rows[1]?.[0] ?? [];
    parts.forEach((part, at) => {
      try {
        part.reading.pollSucceeded(part.take(values[at] ?? null));
      } catch (error) {
        part.reading.pollFailed(messageOf(error));
      }
    });
    return time ?? undefined;
  }
}

function throwLoss(error: unknown): void {
  if (isConnectionError(error)) throw error;
}
