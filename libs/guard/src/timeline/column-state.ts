import type { ColumnRecord, Moment, TableRecord } from './schema-timeline.js';

/** What the migrations tell about one column. */
export type ColumnState =
  | { readonly kind: 'present'; readonly added: Moment | undefined }
  | { readonly kind: 'removed'; readonly name: string; readonly by: Moment }
  | { readonly kind: 'absent'; readonly name: string }
  | { readonly kind: 'undecided'; readonly reason: string };

export interface ColumnQuery {
  /** By each naming strategy, the project's first. */
  readonly names: readonly string[];
  /** The guard could not read all that decides the names. */
  readonly isDoubtful: boolean;
  /** A naming strategy of the project decides the names. */
  readonly isNamedByProject: boolean;
}

/** The state of a column after all migrations. A state that is not certain is `undecided`. */
export function stateOf(table: TableRecord, query: ColumnQuery): ColumnState {
  const [name = '', ...others] = query.names;
  const record = table.columns.get(name);
  if (record && !record.removed && !record.mayBeRemoved) return { kind: 'present', added: record.added };
  const other = otherName(table, name, others);
  if (other !== undefined)
    return {
      kind: 'undecided',
      reason: `the migrations have the column ${other} instead; a naming strategy may map the names`,
    };
  const reason = doubtOf(table, record, query);
  if (reason !== undefined) return { kind: 'undecided', reason };
  return record?.removed ? { kind: 'removed', name, by: record.removed } : { kind: 'absent', name };
}

/** A present column of the same name in another style. */
function otherName({ columns }: TableRecord, name: string, others: readonly string[]): string | undefined {
  const plain = (text: string): string => text.replace(/_/g, '').toLowerCase();
  const wanted = new Set([name, ...others].map(plain));
  for (const [column, record] of columns)
    if (column !== name && !record.removed && wanted.has(plain(column))) return column;
  return undefined;
}

function doubtOf(
  table: TableRecord,
  record: ColumnRecord | undefined,
  query: ColumnQuery,
): string | undefined {
  if (query.isDoubtful) return 'the guard cannot read its name in the database';
  if (query.isNamedByProject) return "the project's naming strategy decides its name in the database";
  if (record?.removed) {
    const isLater = table.doubt !== undefined && table.doubt.at > record.removed.at;
    return isLater ? table.doubt.reason : undefined;
  }
  if (record?.mayBeRemoved) return `${record.mayBeRemoved.migration.name} drops it under a condition`;
  if (table.doubt) return table.doubt.reason;
  return table.created ? undefined : `no checked migration creates the table ${table.name.name}`;
}
