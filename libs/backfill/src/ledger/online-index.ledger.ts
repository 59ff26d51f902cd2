import type { QueryRunner } from 'typeorm';
import { quoteIdentifier } from '../postgres/identifiers.js';
import { MAKE_DURABLE } from '../postgres/timeout-policy.js';

/** The ledger's record of an index declaration. */
export interface DeclaredIndexRecord {
  readonly name: string;
  /** The name of the table, quoted and with its schema. */
  readonly table: string;
  /** The definition as PostgreSQL formats it. */
  readonly definition: string;
}

/** Every index that was declared at some time, also if it is no longer declared. */
export class OnlineIndexLedger {
  readonly #runner: QueryRunner;
  readonly #table: string;

  /** @param schema not quoted */
  constructor(runner: QueryRunner, schema: string) {
    this.#runner = runner;
    this.#table = `${quoteIdentifier(schema)}.online_index`;
  }

  /** Records a declaration, so that the index can be reported when it is no longer declared. */
  async record({ name, table, definition }: DeclaredIndexRecord): Promise<void> {
    await this.#runner.query(
      `INSERT INTO ${this.#table} (name, table_name, definition)
       SELECT $1, $2, $3 FROM (SELECT ${MAKE_DURABLE}) AS durable
       ON CONFLICT (table_name, name) DO UPDATE SET definition = excluded.definition, declared_at = clock_timestamp()`,
      [name, table, definition],
    );
  }

  /**
   * Finds the existing indexes that were declared earlier and are no longer declared.
   *
   * @returns an empty array if the ledger is not installed
   */
  async undeclared(
    declared: readonly Pick<DeclaredIndexRecord, 'name' | 'table'>[],
  ): Promise<readonly DeclaredIndexRecord[]> {
    const [installed] = (await this.#runner.query('SELECT to_regclass($1) IS NOT NULL AS "exists"', [
      this.#table,
    ])) as { exists: boolean }[];
    if (!installed?.exists) return [];
    const records = (await this.#runner.query(
      `SELECT o.name, o.table_name AS table, o.definition FROM ${this.#table} o
        WHERE EXISTS (SELECT FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
                       WHERE c.relname = o.name AND i.indrelid = to_regclass(o.table_name))
        ORDER BY o.name`,
    )) as DeclaredIndexRecord[];
    return records.filter(
      (record) => !declared.some(({ name, table }) => name === record.name && table === record.table),
    );
  }
}
