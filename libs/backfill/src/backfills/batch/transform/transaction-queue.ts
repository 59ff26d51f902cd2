import type { Statement } from '../../../postgres/pipeline.js';
import type { Session } from '../../../postgres/session.js';
import type { PipelineResult } from '../../../postgres/statement-result.js';

/**
 * Transactions of one session, which the server executes in the order of `send`. Each is written at once, before
 * the replies to those before it, wherever the session can do that (see `Session.pipelineTransaction`). After one
 * has failed, no later one is sent.
 */
export class TransactionQueue {
  readonly #session: Session;
  /** Settles when the last transaction has been written. */
  #isWritten: Promise<unknown> = Promise.resolve();
  /** The reply to the last transaction that was written, which comes after those to all others. */
  #lastReply: Promise<unknown> = Promise.resolve();

  #failure: { readonly error: unknown } | null = null;

  constructor(session: Session) {
    this.#session = session;
  }

  /**
   * Runs the statements in a transaction.
   *
   * @throws the error of the first transaction that failed. The server refuses those that were written behind it with
   * the error that the transaction is aborted, which says nothing.
   */
  async send(statements: readonly Statement[]): Promise<PipelineResult> {
    const written = this.#isWritten.then(() => this.#write(statements));
    this.#isWritten = written;
    // The caller receives the error.
    written.catch(() => undefined);
    try {
      return await (
        await written
      ).reply;
    } catch (error) {
      this.#failure ??= { error };
      throw this.#failure.error;
    }
  }

  /** @returns the reply in an object, because a promise of a promise would wait for it */
  async #write(statements: readonly Statement[]): Promise<{ readonly reply: Promise<PipelineResult> }> {
    const pipelined = this.#session.pipelineTransaction(statements);
    if (pipelined === null) await this.#lastReply;
    const reply = pipelined ?? this.#session.transaction(statements);
    reply.catch(() => undefined);
    this.#lastReply = reply;
    return { reply };
  }
}
