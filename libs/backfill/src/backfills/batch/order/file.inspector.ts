import type { TableFile } from '../../../ledger/pages/table-file.js';
import { nullable, number, text } from '../../../postgres/decoders.js';
import type { Session } from '../../../postgres/session.js';
import { applyPolicy } from '../../../postgres/timeout-policy.js';
import { toArrayText } from '../../../postgres/text-format.js';
import type { Assignment, BackfillDefinition } from '../../definition/definition.js';

/** Rows per page of a table that was never analyzed. */
export const ASSUMED_ROWS_PER_PAGE = 50;

/** Facts about a table's file that determine the regions of a sweep. */
export interface FileFacts {
  /** Rows per page, by PostgreSQL's statistics. */
  readonly rowsPerPage: number;
  /** Its length now. */
  readonly pages: number;
  /** Number of indexes. Each needs an entry for a row that moves to another page. */
  readonly indexes: number;
  /** Why updates of the backfill cannot be heap-only; null if they can. */
  readonly notHeapOnly: string | null;
}

export interface InspectedFile extends FileFacts {
  /** The index that prevents heap-only updates; null if none does. */
  readonly blockingIndex: string | null;
}

/**
 * An index whose columns, expressions or predicate depend on the written columns. An update of such a column
 * is never heap-only (PostgreSQL manual, 66.7). Summarizing indexes (BRIN) do not count from version 16 on.
 * A stored generated column has the dependencies of its expression.
 */
const BLOCKING_INDEX = `WITH RECURSIVE written (attnum) AS (
    SELECT attnum FROM pg_catalog.pg_attribute WHERE attrelid = $1::oid AND attname = ANY($2::text[])
    UNION
    SELECT d.refobjsubid_of_generated FROM written JOIN (
      SELECT dep.refobjsubid AS source, def.adnum AS refobjsubid_of_generated
      FROM pg_catalog.pg_attrdef AS def JOIN pg_catalog.pg_attribute AS a ON a.attrelid = def.adrelid AND a.attnum = def.adnum AND a.attgenerated = 's'
      JOIN pg_catalog.pg_depend AS dep ON dep.classid = 'pg_attrdef'::regclass::oid AND dep.objid = def.oid
        AND dep.refclassid = 'pg_class'::regclass::oid AND dep.refobjid = def.adrelid
      WHERE def.adrelid = $1::oid
    ) AS d ON d.source = written.attnum
  )
  SELECT x.relname FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid JOIN pg_catalog.pg_am AS m ON m.oid = x.relam
  WHERE i.indrelid = $1::oid AND NOT (m.amname = 'brin' AND pg_catalog.current_setting('server_version_num')::int >= 160000)
    AND EXISTS (SELECT FROM written WHERE attnum = ANY(i.indkey) OR EXISTS (SELECT FROM pg_catalog.pg_depend AS d
      WHERE d.classid = 'pg_class'::regclass::oid AND d.objid = i.indexrelid AND d.refclassid = 'pg_class'::regclass::oid
        AND d.refobjid = i.indrelid AND d.refobjsubid = written.attnum))
  ORDER BY i.indpred IS NULL, x.relname LIMIT 1`;

const SIZE = `SELECT CASE WHEN reltuples > 0::real AND relpages > 0 THEN (reltuples / relpages::real)::text END,
    (pg_catalog.pg_relation_size(oid) / pg_catalog.current_setting('block_size')::bigint)::text,
    (SELECT pg_catalog.count(*) FROM pg_catalog.pg_index WHERE indrelid = $1::oid)::text
  FROM pg_catalog.pg_class WHERE oid = $1::oid`;

export async function inspectFile(
  session: Session,
  definition: BackfillDefinition,
  { tableId }: Pick<TableFile, 'tableId'>,
): Promise<InspectedFile> {
  const written = writtenColumns(definition);
  const result = await session.sendWithin(applyPolicy(definition.pace), [
    { text: SIZE, values: [tableId] },
    { text: BLOCKING_INDEX, values: [tableId, toArrayText(written ?? [])] },
  ]);
  const size = result.at(0).first({
    rowsPerPage: nullable(number),
    pages: nullable(number),
    indexes: number,
  });
  const blockingIndex = result.at(1).firstValue(text) ?? null;
  return {
    rowsPerPage: size?.rowsPerPage ?? ASSUMED_ROWS_PER_PAGE,
    pages: size?.pages ?? 0,
    indexes: size?.indexes ?? 0,
    notHeapOnly: notHeapOnly(definition, written, blockingIndex),
    blockingIndex,
  };
}

function notHeapOnly(
  { kind }: BackfillDefinition,
  written: readonly string[] | null,
  index: string | null,
): string | null {
  if (kind === 'purge' || kind === 'copy') return 'it updates no row of this table';
  if (written === null) return 'the columns that its code writes are not known';
  return index === null ? null : `the index "${index}" contains a column that it writes`;
}

/** The columns that the backfill writes; null if they are not known. */
export function writtenColumns(definition: BackfillDefinition): readonly string[] | null {
  switch (definition.kind) {
    case 'set':
      return definition.assignments.map(nameOf);
    case 'transform':
      return [
        ...definition.writes.map(({ databaseName }) => databaseName),
        ...definition.touched.map(nameOf),
      ];
    default:
      return null;
  }
}

/** The name of the column without its quotes. */
function nameOf({ column }: Assignment): string {
  return column.slice(1, -1).replaceAll('""', '"');
}
