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
       SELECT $1, pg_catalog.format('%I.%I', n.nspname, c.relname), $3
       FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace, (SELECT ${MAKE_DURABLE}) AS durable
       WHERE c.oid = pg_catalog.to_regclass($2)::oid
       ON CONFLICT (table_name, name) DO UPDATE SET definition = excluded.definition, declared_at = pg_catalog.clock_timestamp()`,
      [name, table, definition],
    );
  }

  /**
   * Finds the existing indexes that were declared earlier and are no longer declared. Other applications may share the
   * ledger, e.g. one for the schema of each tenant: only the schemas of this application's tables count.
   *
   * @param tables the tables of the application, as SQL
   * @returns an empty array if the ledger is not installed
   */
  async undeclared(
    declared: readonly Pick<DeclaredIndexRecord, 'name' | 'table'>[],
    tables: readonly string[],
  ): Promise<readonly DeclaredIndexRecord[]> {
    const [installed] = (await this.#runner.query(
      'SELECT pg_catalog.to_regclass($1) IS NOT NULL AS "exists"',
      [this.#table],
    )) as { exists: boolean }[];
    if (!installed?.exists) return [];
    return (await this.#runner.query(
      // By names and not by to_regclass(), which fails for a schema that this role cannot use. An earlier release has
      // recorded a table as the application names it.
      `SELECT DISTINCT ON (o.name, t.oid) o.name, o.table_name AS table, o.definition
        FROM pg_catalog.pg_class AS t JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace
        CROSS JOIN LATERAL (SELECT '"' || pg_catalog.replace(n.nspname, '"', '""') || '"' AS schema, '"' || pg_catalog.replace(t.relname, '"', '""') || '"' AS name) AS quoted
        JOIN ${this.#table} AS o ON o.table_name IN (pg_catalog.format('%I.%I', n.nspname, t.relname),
          quoted.schema || '.' || quoted.name, CASE WHEN n.nspname = pg_catalog.current_schema() THEN quoted.name END)
        WHERE EXISTS (SELECT FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
                       WHERE c.relname = o.name AND i.indrelid = t.oid)
          AND NOT EXISTS (SELECT FROM unnest($1::text[], $2::text[]) AS d (name, table_name)
                       WHERE d.name = o.name AND d.table_name <> '' AND pg_catalog.to_regclass(d.table_name)::oid = t.oid)
          AND t.relnamespace IN (SELECT own.relnamespace FROM pg_catalog.unnest($3::text[]) AS entity (table_name)
                       JOIN pg_catalog.pg_class AS own ON own.oid = pg_catalog.to_regclass(entity.table_name)::oid)
        ORDER BY o.name, t.oid, o.declared_at DESC`,
      [declared.map(({ name }) => name), declared.map(({ table }) => table), tables],
    )) as DeclaredIndexRecord[];
  }
}
