import pg, { type ClientBase, type ClientConfig } from 'pg';
import type { DataSource, QueryRunner } from 'typeorm';
import { fly, type FlightResult, type Statement } from './flight.js';

const BEGIN: Statement = { text: 'BEGIN' };
const COMMIT: Statement = { text: 'COMMIT' };

/**
 * One connection of the application's own pool, held for a while by one worker.
 */
export class Session {
  readonly #client: ClientBase;
  readonly #prepare: boolean;
  /** For code that needs TypeORM's own transaction on this connection. */
  readonly queryRunner: QueryRunner;

  private constructor(queryRunner: QueryRunner, client: ClientBase, prepare: boolean) {
    this.queryRunner = queryRunner;
    this.#client = client;
    this.#prepare = prepare;
    // The loss of the connection is told by the statement that it ends, or by the next one.
    client.on('error', ignore);
  }

  /** @throws the driver's error when no connection is to be had */
  static async open(dataSource: DataSource): Promise<Session> {
    const queryRunner = dataSource.createQueryRunner('master');
    try {
      const client = (await queryRunner.connect()) as ClientBase;
      const { rows } = await fly(client, [{ text: 'SELECT pg_backend_pid()::text' }], false);
      // A pooler tells a process id of its own making. Where it is the server's, the session is ours from end to end and
      // may keep prepared statements.
      const direct = rows[0]?.[0]?.[0] === String((client as { processID?: number }).processID);
      return new Session(queryRunner, client, direct);
    } catch (error) {
      await queryRunner.release().catch(() => undefined);
      throw error;
    }
  }

  /** Statements in a transaction of their own: one round trip. */
  async transaction(statements: readonly Statement[]): Promise<FlightResult> {
    const result = await this.send([BEGIN, ...statements, COMMIT]);
    return { rows: result.rows.slice(1, -1), types: result.types.slice(1, -1) };
  }

  /** Opens a transaction that further calls of `send` go on with; end it with `commit` or `rollback`. */
  async begin(statements: readonly Statement[]): Promise<FlightResult> {
    const result = await this.send([BEGIN, ...statements]);
    return { rows: result.rows.slice(1), types: result.types.slice(1) };
  }

  /** The last statements of a transaction opened with `begin`, and its COMMIT: one round trip. */
  async commit(statements: readonly Statement[] = []): Promise<FlightResult> {
    return this.send([...statements, COMMIT]);
  }

  /** Never throws: a connection that cannot roll back is closed, and the server rolls back. */
  async rollback(): Promise<void> {
    await this.#client.query('ROLLBACK').catch(() => this.#destroy());
  }

  /** Statements in one round trip. After an error the transaction is rolled back. */
  async send(statements: readonly Statement[]): Promise<FlightResult> {
    try {
      return await fly(this.#client, statements, this.#prepare);
    } catch (error) {
      await this.rollback();
      throw error;
    }
  }

  /** Parses a value as the application's own queries on this connection would. */
  parse(value: string | null, type: number): unknown {
    if (value === null) return null;
    const parser = (
      this.#client as unknown as { getTypeParser(oid: number, format: 'text'): (value: string) => unknown }
    ).getTypeParser(type, 'text');
    return parser(value);
  }

  /**
   * Asks the server to cancel what this session is doing. Behind a pooler the server's process is not known and nothing is
   * asked: there the statement ends by its own timeouts.
   */
  async cancel(): Promise<void> {
    const { processID, connectionParameters } = this.#client as unknown as {
      processID: number;
      connectionParameters: ClientConfig;
    };
    if (!this.#prepare) return;
    // A connection of its own: the pool may have none left to give.
    const canceller = new pg.Client(connectionParameters);
    canceller.on('error', ignore);
    try {
      await canceller.connect();
      await canceller.query('SELECT pg_cancel_backend($1)', [processID]);
    } catch {
      // The server is gone or refuses; then there is nothing to cancel or nothing that we may do.
    } finally {
      await canceller.end().catch(ignore);
    }
  }

  /** Hands the connection back to the pool. */
  async close(): Promise<void> {
    await this.queryRunner.release().catch(ignore);
    this.#client.removeListener('error', ignore);
  }

  #destroy(): void {
    (
      this.#client as unknown as { connection?: { stream?: { destroy(): void } } }
    ).connection?.stream?.destroy();
  }
}

function ignore(): void {
  // On purpose.
}
