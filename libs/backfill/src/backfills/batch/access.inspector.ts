import { json, text } from '../../postgres/decoders.js';
import type { Session } from '../../postgres/session.js';
import { toArrayText } from '../../postgres/text-format.js';
import { applyPolicy } from '../../postgres/timeout-policy.js';
import { mentionsColumn } from '../definition/column-mentions.js';
import type { RowSelection } from './row-selection.js';

/** How PostgreSQL can find the pending rows of a table. */
export type Access =
  /** No row can be pending, because the constraints in `by` contradict the predicate. */
  | { readonly kind: 'impossible'; readonly by: string }
  | { readonly kind: 'index'; readonly name: string }
  | { readonly kind: 'scan' };

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Index Name'?: string;
  readonly 'Index Cond'?: string;
  readonly 'One-Time Filter'?: string;
  readonly Plans?: readonly PlanNode[];
}

/** Plan nodes that read a table or an index. All other nodes process the rows that these nodes return. */
const SCANS = /Scan$/;
const INDEX_SCANS: ReadonlySet<string> = new Set(['Index Scan', 'Index Only Scan', 'Bitmap Index Scan']);

/**
 * Partial indexes of the table and its partitions. The predicate can select the rows of such an index, so a
 * scan of it needs no `Index Cond`.
 */
const PARTIAL_INDEXES = `SELECT c.relname FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
  WHERE i.indpred IS NOT NULL
    AND (i.indrelid = pg_catalog.to_regclass($1)::oid OR i.indrelid IN (SELECT relid::oid FROM pg_catalog.pg_partition_tree(pg_catalog.to_regclass($1))))`;

/** The valid constraints of the table on some of its columns. */
const CONSTRAINTS = `SELECT pg_catalog.format('NOT NULL of %s', a.attname) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass($1)::oid AND a.attnotnull AND a.attname = ANY($2::text[])
  UNION ALL
  SELECT pg_catalog.format('the constraint %s', c.conname) FROM pg_catalog.pg_constraint AS c
    WHERE c.conrelid = pg_catalog.to_regclass($1)::oid AND c.contype = 'c' AND c.convalidated
      AND EXISTS (SELECT FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = c.conrelid AND a.attnum = ANY(c.conkey) AND a.attname = ANY($2::text[]))`;

/**
 * Asks the planner with EXPLAIN, which reads no rows. The planner detects that valid NOT NULL and CHECK
 * constraints contradict a predicate (`constraint_exclusion`, PostgreSQL manual, 20.7.4), and that an index
 * returns the pending rows without reading other rows.
 */
export async function inspectAccess(session: Session, selection: RowSelection): Promise<Access> {
  const { definition, from } = selection;
  const parameters = selection.parameters();
  const result = await session.transaction([
    // Sequential scans are discouraged, so that the plan does not depend on the current size of the table.
    applyPolicy(definition.pace, { enable_seqscan: 'off', constraint_exclusion: 'on', jit: 'off' }),
    {
      text: `EXPLAIN (FORMAT JSON) SELECT 1 FROM ${from} WHERE ${selection.isPending(parameters)} LIMIT 1`,
      values: parameters.values,
    },
    { text: PARTIAL_INDEXES, values: [definition.table] },
  ]);
  const [explained] = result.at(1).value(json<[{ readonly Plan: PlanNode }?]>());
  const nodes = explained ? flatten(explained.Plan) : [];
  // A plan without partitions proves nothing: the partition for such rows may be created later.
  if (isImpossible(nodes) && !selection.facts.hasChildTables)
    return { kind: 'impossible', by: await describeConstraints(session, selection) };
  const name = servingIndex(nodes, new Set(result.at(2).values(text)));
  return name === undefined ? { kind: 'scan' } : { kind: 'index', name };
}

/** The plan is a single Result node with a condition that is false for every row. */
function isImpossible(nodes: readonly PlanNode[]): boolean {
  const [node, ...below] = nodes.filter((each) => each['Node Type'] !== 'Limit');
  return node?.['Node Type'] === 'Result' && node['One-Time Filter'] === 'false' && below.length === 0;
}

/** Returns the index, if every scan of the plan reads pending rows only. */
function servingIndex(nodes: readonly PlanNode[], partialIndexes: ReadonlySet<string>): string | undefined {
  const scans = nodes.filter(
    (node) => SCANS.test(node['Node Type']) && node['Node Type'] !== 'Bitmap Heap Scan',
  );
  const isServed = scans.every(
    (node) =>
      INDEX_SCANS.has(node['Node Type']) &&
      (node['Index Cond'] !== undefined || partialIndexes.has(node['Index Name'] ?? '')),
  );
  return isServed ? scans[0]?.['Index Name'] : undefined;
}

function flatten(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(flatten)];
}

/**
 * Lists, for a message, the constraints on the columns that the predicate mentions. The planner has detected
 * that at least one of them contradicts the predicate.
 */
async function describeConstraints(session: Session, { definition }: RowSelection): Promise<string> {
  const mentioned = definition.metadata.columns
    .map(({ databaseName }) => databaseName)
    .filter((column) => mentionsColumn(definition.pending.text, column));
  const { last } = await session.send([
    { text: CONSTRAINTS, values: [definition.table, toArrayText(mentioned)] },
  ]);
  const constraints = last.values(text);
  return constraints.length > 0 ? constraints.join(' and ') : 'a constraint of the table';
}
