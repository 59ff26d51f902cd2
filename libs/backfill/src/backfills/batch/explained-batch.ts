import { json } from '../../postgres/decoders.js';
import type { Statement } from '../../postgres/pipeline.js';
import type { StatementResult } from '../../postgres/statement-result.js';

/** What one batch cost, measured with EXPLAIN ANALYZE in a transaction that is rolled back. */
export interface ExplainedBatch {
  /** Rows that it changed. */
  readonly rows: number;
  /** The server's time in milliseconds, triggers included. */
  readonly ms: number;
  /** Bytes of WAL. Without the WAL of AFTER triggers, which EXPLAIN does not count. */
  readonly walBytes: number;
  /** Pages that were written to the WAL as a whole, because a checkpoint preceded. */
  readonly fullPageImages: number;
}

interface ExplainedNode {
  readonly 'Node Type': string;
  readonly 'Subplan Name'?: string;
  readonly 'Actual Rows'?: number;
  readonly 'WAL Bytes'?: number;
  readonly 'WAL FPI'?: number;
  readonly Plans?: readonly ExplainedNode[];
}

type Explained = readonly [{ readonly Plan: ExplainedNode; readonly 'Execution Time': number }];

/** The statement of a batch, with the measurement of its WAL. */
export function analyzed({ text, values = [] }: Statement): Statement {
  return { text: `EXPLAIN (ANALYZE, WAL, TIMING OFF, COSTS OFF, FORMAT JSON) ${text}`, values };
}

/** @param result of an `analyzed` statement @param readMs further milliseconds of the server for the same rows */
export function explainedBatch(result: StatementResult, readMs = 0): ExplainedBatch {
  const [{ Plan: plan, 'Execution Time': ms }] = result.value(json<Explained>());
  const nodes = flatten(plan);
  const changed = nodes.find((node) => node['Subplan Name'] === 'CTE nb_changed');
  return {
    rows: changed?.['Actual Rows'] ?? 0,
    ms: ms + readMs,
    walBytes: plan['WAL Bytes'] ?? 0,
    fullPageImages: plan['WAL FPI'] ?? 0,
  };
}

function flatten(node: ExplainedNode): ExplainedNode[] {
  return [node, ...(node.Plans ?? []).flatMap(flatten)];
}
