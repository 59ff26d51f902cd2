import { boolean, json } from '../../postgres/decoders.js';
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
 * Finds the index that selects the pending rows without a scan of all rows: a partial index, or an index with
 * a condition of the predicate. The planner chooses it with `enable_seqscan = off`, so that the result does
 * not depend on the current size of the table.
 *
 * @returns null if there is none
 */
export async function findPendingIndex(session: Session, selection: RowSelection): Promise<string | null> {
  const parameters = selection.parameters();
  const policy = applyPolicy(selection.definition.pace, { enable_seqscan: 'off' });
  const result = await session.query(policy, {
    text: `EXPLAIN (FORMAT JSON) SELECT 1 FROM ${selection.from} WHERE ${selection.isPending(parameters)}`,
    values: parameters.values,
  });
  const [explained] = result.value(json<[{ Plan: PlanNode }?]>());
  for (const node of explained ? indexNodes(explained.Plan) : []) {
    const name = node['Index Name'];
    if (name && (node['Index Cond'] || (await isPartial(session, selection, name)))) return name;
  }
  return null;
}

function indexNodes(node: PlanNode): PlanNode[] {
  const own = node['Node Type'].includes('Index') ? [node] : [];
  return [...own, ...(node.Plans ?? []).flatMap(indexNodes)];
}

async function isPartial(session: Session, { definition }: RowSelection, index: string): Promise<boolean> {
  const { last } = await session.send([
    {
      text: `SELECT i.indpred IS NOT NULL FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
        WHERE i.indrelid = pg_catalog.to_regclass($1)::oid AND c.relname = $2`,
      values: [definition.table, index],
    },
  ]);
  return last.firstValue(boolean) ?? false;
}
