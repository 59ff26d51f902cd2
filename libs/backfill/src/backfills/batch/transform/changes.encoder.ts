import { rowsFromArrays, type Parameters } from '../../../postgres/parameters.js';
import type { TransformDefinition } from '../../definition/definition.js';
import type { RowSelection } from '../row-selection.js';
import { keyOfVersion } from './read-row.codec.js';
import type { RowChange } from './transform.row.js';

/** The changes of a batch as a table `nb_new`: one array parameter per column, for any number of rows. */
export interface EncodedChanges {
  /** `unnest(…) AS nb_new (…)` */
  readonly from: string;
  /**
   * One element per written column: true if some rows do not change the column. The column `nb_given_1` …
   * then holds `t` for the rows that change it and `f` for the others.
   */
  readonly isPartial: readonly boolean[];
}

interface ChangeColumn {
  readonly name: string;
  /** @default 'text' */
  readonly type?: string;
  readonly value: (change: RowChange) => string | null;
}

export function encodeChanges(
  selection: RowSelection,
  { writes }: TransformDefinition,
  changes: readonly RowChange[],
  parameters: Parameters,
): EncodedChanges {
  const isPartial = writes.map((_, at) => changes.some(({ values }) => values[at] === undefined));
  const table: ChangeColumn = { name: 'nb_new_tableoid', type: 'oid', value: ({ row }) => row.tableOid };
  const columns: readonly ChangeColumn[] = [
    { name: 'nb_new_ctid', type: 'tid', value: ({ row }) => row.ctid },
    { name: 'nb_new_xmin', type: 'xid', value: ({ row }) => row.xmin },
    ...(selection.facts.hasChildTables ? [table] : []),
    ...keyOfVersion(selection).map((_, at): ChangeColumn => ({
      name: `nb_new_key_${at + 1}`,
      value: ({ row }) => row.key[at] ?? null,
    })),
    ...writes.map((_, at): ChangeColumn => ({
      name: `nb_new_${at + 1}`,
      value: ({ values }) => values[at] ?? null,
    })),
    ...writes.flatMap((_, at): ChangeColumn[] =>
      isPartial[at]
        ? [{ name: `nb_given_${at + 1}`, value: ({ values }) => (values[at] === undefined ? 'f' : 't') }]
        : [],
    ),
  ];
  const arrays = columns.map(({ type, value }) => parameters.addArray(changes.map(value), type));
  const names = columns.map(({ name }) => name);
  return { from: `${rowsFromArrays(arrays)} AS nb_new (${names.join(', ')})`, isPartial };
}
