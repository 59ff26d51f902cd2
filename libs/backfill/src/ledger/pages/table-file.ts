import { quotedTable } from '../../postgres/identifiers.js';
import { LedgerValueError } from '../ledger.error.js';

/** The file of a table or partition. Page numbers are valid only as long as the table keeps this file. */
export interface TableFile {
  /** Quoted and qualified. */
  readonly table: string;
  /** OID of the table, as text. */
  readonly tableId: string;
  /** `pg_class.relfilenode`, as text. VACUUM FULL, CLUSTER, TRUNCATE and a rewrite give the table another one. */
  readonly fileNode: string;
}

/** A file, and the backfill whose rows it has. */
export interface SelectedFile extends TableFile {
  /** The backfill's table, as SQL: the table of the file itself, or a partitioned table above it. */
  readonly root: string;
}

/** What has happened to a file since the sweep of its pages was planned. */
export type FileChange = 'gone' | 'renamed' | 'detached' | 'rewritten';

/** An SQL query of the table's name now, quoted and qualified. It may have been renamed, or moved to another schema. */
export function nameOfTable(id: string): string {
  return `SELECT ${quotedTable('named_schema', 'named')} FROM pg_catalog.pg_class AS named
    JOIN pg_catalog.pg_namespace AS named_schema ON named_schema.oid = named.relnamespace WHERE named.oid = ${id}`;
}

/** A name as `quotePath` quotes it. */
const QUOTED_PATH = /^"(?:[^"]|"")+"\."(?:[^"]|"")+"$/;

/**
 * Reads a file from the ledger. Its name becomes a part of statements, so that nothing but a quoted name is
 * accepted: a role that may write to the ledger must not be able to run SQL as this role.
 *
 * @throws LedgerValueError
 */
export function tableFile(value: string | null): TableFile | null {
  if (value === null) return null;
  const file = JSON.parse(value) as TableFile;
  if (!QUOTED_PATH.test(file.table)) throw new LedgerValueError('table_name', file.table);
  return file;
}
