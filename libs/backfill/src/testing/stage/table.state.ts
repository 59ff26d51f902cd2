import type { DataSource } from 'typeorm';
import type { EntityMetadata } from 'typeorm/metadata/EntityMetadata.js';
import { quoteIdentifier } from '../../postgres/identifiers.js';
import type { StoredChange } from '../rehearsal.options.js';

type StoredRow = Readonly<Record<string, string | null>>;

/** All rows of the application, by table and key. */
export type StoredRows = ReadonlyMap<string, ReadonlyMap<string, StoredRow>>;

/** Quoted and qualified. */
export function tableOf({ tablePath }: EntityMetadata): string {
  return tablePath.split('.').map(quoteIdentifier).join('.');
}

/** The tables of all entities, each once. */
export function tablesOf(dataSource: DataSource): ReadonlyMap<string, EntityMetadata> {
  const ordinary = dataSource.entityMetadatas.filter(({ tableType }) => tableType !== 'view');
  return new Map(ordinary.map((metadata) => [tableOf(metadata), metadata]));
}

export async function readRows(dataSource: DataSource): Promise<StoredRows> {
  const stored = new Map<string, ReadonlyMap<string, StoredRow>>();
  for (const [table, metadata] of tablesOf(dataSource)) {
    const rows = await dataSource.query<{ row: StoredRow }[]>(
      `SELECT (SELECT pg_catalog.jsonb_object_agg(key, value) FROM pg_catalog.jsonb_each_text(pg_catalog.to_jsonb(r))) AS row FROM ${table} AS r`,
    );
    stored.set(table, new Map(rows.map(({ row }) => [storedKey(metadata, row), row])));
  }
  return stored;
}

function storedKey({ primaryColumns }: EntityMetadata, row: StoredRow): string {
  return JSON.stringify(
    Object.fromEntries(primaryColumns.map(({ databaseName }) => [databaseName, row[databaseName] ?? null])),
  );
}

/** @param ignored names of columns */
export function changesBetween(
  before: StoredRows,
  after: StoredRows,
  ignored: readonly string[],
): StoredChange[] {
  return [...before].flatMap(([table, rows]) => {
    const later = after.get(table) ?? new Map<string, StoredRow>();
    const keys = [...new Set([...rows.keys(), ...later.keys()])].sort();
    return keys.flatMap((key) => {
      const change = changeOf(rows.get(key), later.get(key), ignored);
      return change ? [{ table, key, ...change }] : [];
    });
  });
}

function changeOf(
  before: StoredRow | undefined,
  after: StoredRow | undefined,
  ignored: readonly string[],
): Pick<StoredChange, 'before' | 'after'> | undefined {
  const only = (row: StoredRow | undefined, isKept: (column: string) => boolean) =>
    row
      ? Object.fromEntries(
          Object.entries(row).filter(([column]) => !ignored.includes(column) && isKept(column)),
        )
      : null;
  if (!before || !after) return { before: only(before, () => true), after: only(after, () => true) };
  const differs = (column: string) => before[column] !== after[column];
  const changed = only(before, differs);
  if (!changed || Object.keys(changed).length === 0) return undefined;
  return { before: changed, after: only(after, differs) };
}
