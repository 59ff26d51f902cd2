import type { Session } from '../../postgres/session.js';
import { applyPolicy } from '../../postgres/timeout-policy.js';
import type { RowSelection } from '../batch/row-selection.js';

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Index Cond'?: string;
  readonly Plans?: readonly PlanNode[];
}

/**
 * The index by which the pending rows can be found without reading the others: partial, or searched by the predicate.
 * Asked of the planner with sequential scans discouraged, so that the table's present size does not decide it.
 */
export async function indexForPending(session: Session, selection: RowSelection): Promise<string | null> {
  const parameters = selection.parameters();
  const { rows } = await session.transaction([
    applyPolicy(selection.definition.pace, { enable_seqscan: 'off' }),
    {
      text: `EXPLAIN (FORMAT JSON) SELECT 1 FROM ${selection.from} WHERE ${selection.isPending(parameters)}`,
      values: parameters.values,
    },
  ]);
  const [explained] = JSON.parse(rows[1]?.[0]?.[0] ?? '[]') as [{ Plan: PlanNode }?];
  const used = explained ? indexNodes(explained.Plan) : [];
  for (const node of used) {
    const name = node['Index Name'];
    if (name && (node['Index Cond'] || (await isPartial(session, selection, name)))) return name;
  }
  return null;
}

function indexNodes(node: PlanNode): PlanNode[] {
  const own = /Index/.test(node['Node Type']) ? [node] : [];
  return [...own, ...(node.Plans ?? []).flatMap(indexNodes)];
}

async function isPartial(session: Session, selection: RowSelection, index: string): Promise<boolean> {
  const { rows } = await session.send([
    {
      text: `SELECT i.indpred IS NOT NULL FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
        WHERE i.indrelid = to_regclass($1) AND c.relname = $2`,
      values: [selection.definition.table, index],
    },
  ]);
  return rows[0]?.[0]?.[0] === 't';
}
