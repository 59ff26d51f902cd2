import type { QueryRunner } from 'typeorm';
import { quoteIdentifier } from '../postgres/identifiers.js';

/** An index as its declaration named it. */
export interface DeclaredIndexRecord {
  readonly name: string;
  /** Quoted and qualified. */
  readonly table: string;
  /** As PostgreSQL writes it. */
  readonly definition: string;
}

/** The indexes that were declared at some time. */
export class OnlineIndexLedger {
  readonly #runner: QueryRunner;
  readonly #table: string;

  /** @param schema not quoted */
  constructor(runner: QueryRunner, schema: string) {
    this.#runner = runner;
    this.#table = `${quoteIdentifier(schema)}.online_index`;
  }

  /** Records a declaration, so that the index can be reported once it is no longer declared. */
  async record({ name, table, definition }: DeclaredIndexRecord): Promise<void> {
    await this.#runner.query(
      `INSERT INTO ${this.#table} (name, table_name, definition) VALUES ($1, $2, $3)
       ON CONFLICT (table_name, name) DO UPDATE SET definition = excluded.definition, declared_at = clock_timestamp()`,
      [name, table, definition],
    );
  }

  /**
   * Existing indexes that were declared once and are no longer.
   *
   * @returns none where the ledger is not installed
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
