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
  readonly #client: ClientBase;
  readonly #statementTimeout: number;

  /** @param client the connection whose server and login are used */
  constructor(client: ClientBase, statementTimeout: number) {
    this.#client = client;
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
    const { connectionParameters } = this.#client as unknown as { connectionParameters: ClientConfig };
    const client = new pg.Client(connectionParameters);
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
