import type { LeasedRange } from '../../../ledger/range.js';
import type { PipelineResult, Statement } from '../../../postgres/pipeline.js';
import type { Session } from '../../../postgres/session.js';
import type { TransactionQueue } from './transaction-queue.js';
import type { TransformDefinition } from '../../definition/definition.js';
import { lockingPolicy } from '../batch.policy.js';
import type { SweepStep } from '../batch.js';
import { READ_CLOCK, readClock } from '../server-clock.js';
import type { ReadRows } from './batch-in-flight.js';
import { ReadAhead, type PagesToRead, type RowsAhead } from './read-ahead.js';
import type { ReadRowCodec } from './read-row.codec.js';
import type { TransformStatements } from './transform.statements.js';

/** Where a batch reads its rows. */
interface Source {
  readonly session: Session;
  readonly queue: TransactionQueue;
  readonly range: LeasedRange;
}

/** Reads the rows of the batches of a sweep, without locks: batch by batch, or several batches in advance. */
export class RowReader {
  readonly #definition: TransformDefinition;
  readonly #statements: TransformStatements;
  readonly #codec: ReadRowCodec;
  /** Null in key order. */
  readonly #ahead: ReadAhead | null;
  /** The read for `#ahead` that is in flight. */
  #aheadRead: Promise<void> | null = null;

  constructor(
    definition: TransformDefinition,
    {
      statements,
      codec,
      isInPages,
    }: {
      readonly statements: TransformStatements;
      readonly codec: ReadRowCodec;
      readonly isInPages: boolean;
    },
  ) {
    this.#definition = definition;
    this.#statements = statements;
    this.#codec = codec;
    this.#ahead = isInPages ? new ReadAhead() : null;
  }

  async read(step: SweepStep, { session, queue, range }: Source): Promise<ReadRows> {
    const taken = this.#ahead && (await this.#take(this.#ahead, queue, step));
    if (taken) return { rows: this.#codec.decode(session, taken.rows), serverMs: taken.serverMs };
    return this.decode(session, await queue.send(this.#reading(this.#statements.read(range, step))));
  }

  /** Reads the rows of the region after that of the batch, if they are not read yet. */
  readAhead(queue: TransactionQueue, step: SweepStep): void {
    const ahead = this.#ahead;
    const pages = this.#aheadRead ? null : ahead?.pagesAfter(step);
    // If it fails, the batches behind it in the queue fail with its error.
    if (ahead && pages) this.#readPages(ahead, queue, pages).catch(() => undefined);
  }

  /** Called after a batch has failed. */
  forget(): void {
    this.#ahead?.clear();
  }

  /** @param result of `reading`, after which nothing follows */
  decode(session: Session, result: PipelineResult): ReadRows {
    return { rows: this.#codec.decode(session, result.at(-2)), serverMs: serverMsOfRead(result) };
  }

  /** The rows of the batch, if those of its region are read together. */
  async #take(ahead: ReadAhead, queue: TransactionQueue, step: SweepStep): Promise<RowsAhead | null> {
    const taken = ahead.take(step);
    if (taken) return taken;
    await this.#aheadRead?.catch(() => undefined);
    const pages = ahead.pagesFor(step);
    if (pages) await this.#readPages(ahead, queue, pages);
    return ahead.take(step);
  }

  #readPages(ahead: ReadAhead, queue: TransactionQueue, pages: PagesToRead): Promise<void> {
    const sent = queue.send(this.#reading(this.#statements.readPages(pages)));
    const read = sent
      .then((result) => ahead.add(pages, result.at(-2), serverMsOfRead(result)))
      .finally(() => {
        if (this.#aheadRead === read) this.#aheadRead = null;
      });
    this.#aheadRead = read;
    return read;
  }

  /**
   * The read takes no row locks. It waits only briefly for the table lock, because `waitForTables` does the
   * long wait.
   */
  #reading(read: Statement): Statement[] {
    return reading(lockingPolicy(this.#definition), read);
  }
}

/** The statements that read rows and measure the server's time for it. */
export function reading(policy: Statement, read: Statement): Statement[] {
  return [policy, READ_CLOCK, read, READ_CLOCK];
}

/** @param result of `reading` */
function serverMsOfRead(result: PipelineResult): number {
  return Math.max(0, readClock(result.last) - readClock(result.at(-3)));
}
