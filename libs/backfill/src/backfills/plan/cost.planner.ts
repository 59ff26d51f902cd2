import type { RunPrediction, WayCost } from '../../report/run-prediction.js';
import type { Session } from '../../postgres/session.js';
import { RowSelection } from '../batch/row-selection.js';
import type { Count } from '../pending/pending.counter.js';
import { chooseOrder, type OrderChoice } from '../pending/order.inspector.js';
import { CostModel } from './cost/cost.model.js';
import { predictRun } from './cost/run.prediction.js';
import { compareWays, declaredVisit } from './cost/ways.js';
import { measureCosts } from './rehearsal/cost.rehearsal.js';
import { readReplicas, replicaProgress } from './replica.progress.js';
import { findWayWithoutRewrite } from './rewrite.inspector.js';
import type { TableStatistics } from './table.statistics.js';

export interface PlannedCosts {
  /** Null if no batch could be rehearsed. */
  readonly prediction: RunPrediction | null;
  /** The cheapest first; empty without a prediction. */
  readonly ways: readonly WayCost[];
}

export interface CostFacts {
  /** The schema of the ledger. */
  readonly schema: string;
  readonly statistics: TableStatistics;
  readonly pending: Count | null;
  /** Milliseconds of the count of the pending rows, or until it was given up. */
  readonly countMs: number;
}

const NOTHING: PlannedCosts = { prediction: null, ways: [] };

/** Predicts what a run costs, and what other ways would cost. Every change is rolled back. */
export async function planCosts(
  session: Session,
  selection: RowSelection,
  facts: CostFacts,
): Promise<PlannedCosts> {
  const { definition } = selection;
  const { schema, statistics, pending, countMs } = facts;
  const isUpdate = definition.kind === 'set' || definition.kind === 'transform';
  if (!isUpdate || pending === null || pending.rows === 0) return NOTHING;
  const choice = await chooseOrder(session, selection);
  const before = await readReplicas(session);
  const costs = await measureCosts(session, selection, { schema, choice, statistics });
  const replicas = replicaProgress(before, await readReplicas(session));
  if (costs.regions.length === 0 || costs.pages.length === 0) return NOTHING;
  const model = new CostModel(costs, statistics, pending.rows);
  const work = model.work(declaredVisit(costs, statistics));
  const scanMs = pending.isEstimate ? 0 : countMs;
  const run = { costs, statistics, pending: pending.rows, scanMs, pace: definition.pace, replicas };
  const withoutRewrite = await findWayWithoutRewrite(session, definition, schema);
  const stripes = (await canSweepPages(session, selection, choice)) ? costs.possibleStripes : null;
  return {
    prediction: predictRun(work, run),
    ways: compareWays(model, { costs, statistics, pending: pending.rows, stripes, withoutRewrite }),
  };
}

/** Whether the pages could be swept, whatever the option `order` says. */
async function canSweepPages(
  session: Session,
  selection: RowSelection,
  { order }: OrderChoice,
): Promise<boolean> {
  if (order === 'page') return true;
  const { definition, ledger, facts, tenants } = selection;
  const pace = { ...definition.pace, order: 'page' } as const;
  const inPages = new RowSelection({ ...definition, pace }, ledger, facts, tenants);
  return (await chooseOrder(session, inPages)).order === 'page';
}
