import pg, { type ClientBase, type ClientConfig } from 'pg';
import { sendPipeline, type Statement } from './pipeline.js';
import type { PipelineResult } from './statement-result.js';
import { ignoreError, withTimeLimit } from './stream.js';
import { BEGIN, COMMIT, setLedgerTimeouts } from './timeout-policy.js';

/** The maximum time for the statements on a side connection. */
const MAX_REPLY_MS = 5_000;

/**
 * Opens a new connection to the server of another connection, for statements while that connection is busy.
 * It does not use the pool, which may have no free connection.
 *
 * @internal
 */
export class SideConnection {
  readonly #options: ClientConfig;
  readonly #statementTimeout: number;

  /** @param options the server and the login; a password may be a function */
  constructor(options: ClientConfig, statementTimeout: number) {
    this.#options = options;
    this.#statementTimeout = statementTimeout;
  }

  /**
   * Sends the statements in one transaction, with a timeout and this library's application name. So if the
   * server receives only a part of it, the locks of that part are released later.
   */
  async send(statements: readonly Statement[]): Promise<PipelineResult> {
    const all = [BEGIN, setLedgerTimeouts(0, this.#statementTimeout), ...statements, COMMIT];
    const result = await this.use((client) => sendPipeline(client, all));
    return result.slice(2, -1);
  }

  async use<T>(work: (client: ClientBase) => Promise<T>): Promise<T> {
    const client = new pg.Client(this.#options);
    client.on('error', ignoreError);
    try {
      return await withTimeLimit(client, MAX_REPLY_MS, async () => {
        await client.connect();
        return work(client);
      });
    } finally {
      void client.end().catch(ignoreError);
    }
  }
}
