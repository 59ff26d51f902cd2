import type { Session } from '../../postgres/session.js';
import { toArrayText } from '../../postgres/text-format.js';
import { applyPolicy } from '../../postgres/timeout-policy.js';
import type { RowSelection } from './row-selection.js';
import { mentions } from '../definition/mentions.js';

/** How the pending rows of a table can be found. */
export type Access =
  /** Its constraints and the predicate cannot both hold. @param by the constraints */
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

/** Nodes that read a table or give rows without an index; every other one works on what those give. */
const SCANS = /Scan$/;
const INDEX_SCANS: ReadonlySet<string> = new Set(['Index Scan', 'Index Only Scan', 'Bitmap Index Scan']);

/**
 * Asks the planner, which reads no row: it refutes a predicate by NOT NULL and CHECK constraints that are valid (`constraint_exclusion`,
 * PostgreSQL manual, 20.7.4), and it knows which index can find the pending rows without reading the others.
 */
export async function inspectAccess(session: Session, selection: RowSelection): Promise<Access> {
  const { definition, from } = selection;
  const parameters = selection.parameters();
  const { rows } = await session.transaction([
    // Sequential scans are discouraged, so that the table's present size does not decide it.
    applyPolicy(definition.pace, { enable_seqscan: 'off', constraint_exclusion: 'on', jit: 'off' }),
    {
      text: `EXPLAIN (FORMAT JSON) SELECT 1 FROM ${from} WHERE ${selection.isPending(parameters)} LIMIT 1`,
      values: parameters.values,
    },
    { text: PARTIAL_INDEXES, values: [definition.table] },
  ]);
  const [explained] = JSON.parse(rows[1]?.[0]?.[0] ?? '[]') as [{ Plan: PlanNode }?];
  const nodes = explained ? flat(explained.Plan) : [];
  // Of partitions, all may have been left out only since the one that could hold such rows is not there yet.
  if (isImpossible(nodes) && !selection.facts.partitioned)
    return { kind: 'impossible', by: await constraintsOf(session, selection) };
  const partial = new Set((rows[2] ?? []).map((row) => row[0]));
  const scans = nodes.filter(
    (node) => SCANS.test(node['Node Type']) && node['Node Type'] !== 'Bitmap Heap Scan',
  );
  const served = scans.every(
    (node) =>
      INDEX_SCANS.has(node['Node Type']) &&
      (node['Index Cond'] !== undefined || partial.has(node['Index Name'] ?? '')),
  );
  const name = scans[0]?.['Index Name'];
  return served && name !== undefined ? { kind: 'index', name } : { kind: 'scan' };
}

/** Nothing is left of the query but a condition that is false before any row is read. */
function isImpossible(nodes: readonly PlanNode[]): boolean {
  const [node, ...below] = nodes.filter((each) => each['Node Type'] !== 'Limit');
  return node?.['Node Type'] === 'Result' && node['One-Time Filter'] === 'false' && below.length === 0;
}

function flat(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(flat)];
}

const PARTIAL_INDEXES = `SELECT c.relname FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
  WHERE i.indpred IS NOT NULL
    AND (i.indrelid = to_regclass($1) OR i.indrelid IN (SELECT relid FROM pg_partition_tree(to_regclass($1))))`;

/** For people: those about columns that the predicate names. That they refute it, the planner has said. */
async function constraintsOf(session: Session, { definition }: RowSelection): Promise<string> {
  const named = definition.metadata.columns
    .map(({ databaseName }) => databaseName)
    .filter((column) => mentions(definition.pending.text, column));
  const { rows } = await session.send([
    {
      text: `SELECT format('NOT NULL of %s', a.attname) FROM pg_attribute AS a
          WHERE a.attrelid = to_regclass($1) AND a.attnotnull AND a.attname = ANY($2::text[])
        UNION ALL
        SELECT format('the constraint %s', c.conname) FROM pg_constraint AS c
          WHERE c.conrelid = to_regclass($1) AND c.contype = 'c' AND c.convalidated
            AND EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = c.conrelid AND a.attnum = ANY(c.conkey) AND a.attname = ANY($2::text[]))`,
      values: [definition.table, toArrayText(named)],
    },
  ]);
  const found = (rows[0] ?? []).map((row) => row[0] ?? '');
  return found.length > 0 ? found.join(' and ') : 'a constraint of the table';
}
