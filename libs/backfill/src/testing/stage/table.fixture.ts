import type { DataSource } from 'typeorm';
import type { EntityMetadata } from 'typeorm/metadata/EntityMetadata.js';
import { messageOf } from '../../postgres/error-classes.js';
import { RehearsalError } from '../rehearsal.error.js';
import type { RehearsalOptions } from '../rehearsal.options.js';
import { tableOf, tablesOf } from './table.state.js';

/** The rows before the backfill. Every run of a rehearsal begins with them. */
export class TableFixture {
  readonly #subject: string;
  readonly #dataSource: DataSource;
  readonly #metadata: EntityMetadata;
  readonly #options: RehearsalOptions;
  /** The rows of the entity as JSON, with the keys and defaults that the database gave them. */
  #rows: string | null = null;

  constructor(
    subject: string,
    { dataSource, metadata }: { readonly dataSource: DataSource; readonly metadata: EntityMetadata },
    options: RehearsalOptions,
  ) {
    this.#subject = subject;
    this.#dataSource = dataSource;
    this.#metadata = metadata;
    this.#options = options;
  }

  /**
   * The rehearsal empties the tables of the application between its runs, so it refuses rows that it has not
   * inserted.
   *
   * @throws RehearsalError
   */
  async assertEmpty(): Promise<void> {
    for (const { table } of await this.#emptiedTables()) {
      const [found] = await this.#read<{ exists: boolean }>(`SELECT EXISTS (SELECT FROM ${table}) AS exists`);
      if (found?.exists)
        throw new RehearsalError(
          this.#subject,
          `the table ${table} has rows, and a rehearsal empties the tables of the application, and those that refer to them, between its runs.`,
          'Rehearse in a database of its own, e.g. of `testDatabase()`. Insert the rows of other tables in `setUp`.',
        );
    }
  }

  /** The tables that `empty` empties: those of the entities, and by CASCADE each table that refers to one of them. */
  #emptiedTables(): Promise<{ readonly table: string }[]> {
    return this.#read(
      `WITH RECURSIVE emptied (id) AS (
          SELECT entity::pg_catalog.regclass::oid FROM pg_catalog.unnest($1::text[]) AS entity
          UNION SELECT k.conrelid FROM emptied JOIN pg_catalog.pg_constraint AS k ON k.contype = 'f' AND k.confrelid = emptied.id
        ) SELECT id::pg_catalog.regclass::text AS "table" FROM emptied`,
      [[...tablesOf(this.#dataSource).keys()]],
    );
  }

  /** Empties the tables and inserts the rows again: the same rows, with the same keys and times. */
  async restore(): Promise<void> {
    await this.empty();
    await this.#options.setUp?.(this.#dataSource);
    if (this.#rows === null) await this.#insert();
    else await this.#insertAgain(this.#rows);
  }

  async empty(): Promise<void> {
    const tables = [...tablesOf(this.#dataSource).keys()].join(', ');
    await this.#dataSource.query(`TRUNCATE ${tables} RESTART IDENTITY CASCADE`);
  }

  async #insert(): Promise<void> {
    const repository = this.#dataSource.getRepository(this.#metadata.target);
    // A copy, because TypeORM writes the generated values into it.
    for (const row of this.#options.rows) await repository.insert({ ...row });
    const [read] = await this.#read<{ rows: string | null }>(
      `SELECT pg_catalog.jsonb_agg(pg_catalog.to_jsonb(r))::text AS rows FROM ${tableOf(this.#metadata)} AS r`,
    );
    this.#rows = read?.rows ?? '[]';
  }

  async #insertAgain(rows: string): Promise<void> {
    const table = tableOf(this.#metadata);
    const columns = await this.#read<{ name: string }>(
      `SELECT pg_catalog.quote_ident(attname) AS name FROM pg_catalog.pg_attribute
        WHERE attrelid = $1::regclass::oid AND attnum > 0 AND NOT attisdropped AND attgenerated = ''`,
      [table],
    );
    const names = columns.map(({ name }) => name).join(', ');
    await this.#dataSource.query(
      `INSERT INTO ${table} (${names}) OVERRIDING SYSTEM VALUE
        SELECT ${names} FROM pg_catalog.jsonb_populate_recordset(NULL::${table}, $1::jsonb)`,
      [rows],
    );
  }

  async #read<Row>(sql: string, parameters: readonly unknown[] = []): Promise<Row[]> {
    try {
      return await this.#dataSource.query<Row[]>(sql, [...parameters]);
    } catch (error) {
      throw new RehearsalError(
        this.#subject,
        `a table of the application cannot be read: ${messageOf(error)}.`,
        'Create the tables in `prepare`, e.g. `prepare: (dataSource) => dataSource.runMigrations()`.',
      );
    }
  }
}
