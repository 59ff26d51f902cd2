import type { TableFile } from '../../ledger/pages/table-file.js';
import { nullable, number, text } from '../../postgres/decoders.js';
import { quotedTable } from '../../postgres/identifiers.js';
import type { Session } from '../../postgres/session.js';
import { applyPolicy } from '../../postgres/timeout-policy.js';
import { toArrayText } from '../../postgres/text-format.js';
import { inspectAccess } from '../batch/access.inspector.js';
import { ASSUMED_ROWS_PER_PAGE, writtenColumns } from '../batch/order/file.inspector.js';
import { SPARSE_ROWS_PER_PAGE } from '../batch/order/region.js';
import type { RowSelection } from '../batch/row-selection.js';
import { pendingPerPage } from './page-sample.js';

/** The order of a sweep, and the reason for it as a part of a sentence. */
export interface OrderChoice {
  readonly order: 'key' | 'page';
  readonly reason: string;
  /** In page order: the files to sweep. */
  readonly files: readonly SweptFile[];
}

/** A table or partition, and its length when the sweep was planned. */
export interface SweptFile extends TableFile {
  readonly pages: number;
  /** By PostgreSQL's statistics. */
  readonly rowsPerPage: number;
}

/** 512 kB with PostgreSQL's usual page size. */
const SMALL_TABLE_PAGES = 64;

/** The file of the table, or of each of its partitions, and what prevents a sweep of its pages. */
const FILES = `WITH root (oid) AS (SELECT pg_catalog.to_regclass($1)::oid), ancestor (oid) AS (
    SELECT t.relid::oid FROM root, pg_catalog.pg_partition_tree(root.oid) AS t WHERE NOT t.isleaf
  ), leaf (oid) AS (
    SELECT t.relid::oid FROM root, pg_catalog.pg_partition_tree(root.oid) AS t WHERE t.isleaf
    UNION ALL SELECT oid FROM root WHERE NOT EXISTS (SELECT FROM ancestor)
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_partition_tree(root.oid))
  )
  SELECT ${quotedTable('n', 'c')}, c.oid::text, pg_catalog.pg_relation_filenode(c.oid)::text,
    coalesce(pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::bigint, 0)::text,
    (CASE WHEN c.reltuples > 0::real AND c.relpages > 0 THEN c.reltuples / c.relpages::real ELSE ${ASSUMED_ROWS_PER_PAGE} END)::text,
    CASE
      WHEN pg_catalog.current_setting('server_version_num')::int < 140000 THEN 'PostgreSQL before version 14 cannot scan a range of pages'
      WHEN c.relkind <> 'r' THEN pg_catalog.format('the partition %I is not an ordinary table', c.relname)
      WHEN am.amname <> 'heap' THEN pg_catalog.format('the access method of %I is %s instead of heap', c.relname, am.amname)
      WHEN c.oid = root.oid THEN CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_inherits AS h WHERE h.inhparent = c.oid)
        THEN 'other tables inherit from the table' END
      WHEN pg_catalog.row_security_active(c.oid) THEN pg_catalog.format('row-level security is active on the partition %I', c.relname)
      WHEN NOT (pg_catalog.has_table_privilege(c.oid, 'SELECT') AND pg_catalog.has_table_privilege(c.oid, $2))
        THEN pg_catalog.format('this role lacks a privilege on the partition %I itself', c.relname)
      WHEN EXISTS (SELECT FROM ancestor JOIN pg_catalog.pg_trigger AS t ON t.tgrelid = ancestor.oid AND NOT t.tgisinternal AND t.tgtype::int & 1 = 0)
        THEN 'a statement-level trigger of the partitioned table would not fire'
      WHEN EXISTS (SELECT FROM ancestor JOIN pg_catalog.pg_class AS p ON p.oid = ancestor.oid AND p.relhasrules)
        THEN 'a rule of the partitioned table would not apply'
      WHEN EXISTS (SELECT FROM pg_catalog.pg_trigger AS t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgenabled <> 'D' AND t.tgtype::int & 1 = 0)
        THEN pg_catalog.format('a statement-level trigger of the partition %I would fire', c.relname)
      WHEN c.relhasrules THEN pg_catalog.format('a rule of the partition %I would apply', c.relname)
      WHEN EXISTS (SELECT FROM ancestor JOIN pg_catalog.pg_partitioned_table AS k ON k.partrelid = ancestor.oid
          WHERE pg_catalog.cardinality($3::text[]) > 0 AND (k.partexprs IS NOT NULL OR EXISTS (SELECT FROM pg_catalog.pg_attribute AS a
            WHERE a.attrelid = k.partrelid AND a.attnum = ANY(k.partattrs) AND a.attname = ANY($3::text[]))))
        THEN 'the change may move a row to another partition'
    END
  FROM root CROSS JOIN leaf JOIN pg_catalog.pg_class AS c ON c.oid = leaf.oid JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_am AS am ON am.oid = c.relam ORDER BY c.oid`;

/**
 * Chooses the order of the next sweep. Page order is faster for an ordinary table, whatever the order of its
 * keys. Key order is for small tables, for what page order cannot do, and where an index finds few pending rows among many.
 */
export async function chooseOrder(session: Session, selection: RowSelection): Promise<OrderChoice> {
  const { order } = selection.definition.pace;
  if (order === 'key') return keyOrder("the option `order` is 'key'");
  const { files, obstacle } = await inspectFiles(session, selection);
  if (obstacle !== null) return keyOrder(obstacle);
  if (order === 'page') return { order: 'page', reason: "the option `order` is 'page'", files };
  const keyReason = isSmall(files) ? 'the table is small' : await reasonForKeyOrder(session, selection);
  return keyReason === null
    ? { order: 'page', reason: 'each page is then read and written once', files }
    : keyOrder(keyReason);
}

/** Then every order is fast, and ranges of keys can be divided more finely between workers than pages. */
function isSmall(files: readonly SweptFile[]): boolean {
  return files.reduce((sum, { pages }) => sum + pages, 0) < SMALL_TABLE_PAGES;
}

function keyOrder(reason: string): OrderChoice {
  return { order: 'key', reason, files: [] };
}

export interface InspectedFiles {
  readonly files: readonly SweptFile[];
  /** Why the pages cannot be swept; null if they can. */
  readonly obstacle: string | null;
}

/** The files of the table and its partitions, for statements on ranges of their pages. */
export async function inspectFiles(session: Session, { definition }: RowSelection): Promise<InspectedFiles> {
  const { kind, pace, table } = definition;
  const written = kind === 'set' || kind === 'transform' ? writtenColumns(definition) : null;
  const { last } = await session.sendWithin(applyPolicy(pace), [
    { text: FILES, values: [table, kind === 'purge' ? 'DELETE' : 'UPDATE', toArrayText(written ?? [])] },
  ]);
  const found = last.all({
    table: text,
    tableId: text,
    fileNode: nullable(text),
    pages: number,
    rowsPerPage: number,
    obstacle: nullable(text),
  });
  const obstacle = found.find((file) => file.obstacle !== null)?.obstacle ?? null;
  const files = found.flatMap(({ obstacle: _, fileNode, ...file }) =>
    fileNode === null ? [] : [{ ...file, fileNode }],
  );
  return { files, obstacle };
}

async function reasonForKeyOrder(session: Session, selection: RowSelection): Promise<string | null> {
  const { facts, tenants } = selection;
  if (tenants !== null && facts.isTenantIndexed) return "an index finds the tenant's rows";
  const access = await inspectAccess(session, selection);
  if (access.kind !== 'index') return null;
  const density = await pendingPerPage(session, selection);
  return density !== null && density < SPARSE_ROWS_PER_PAGE
    ? `few rows are pending, and the index "${access.name}" finds them`
    : null;
}
