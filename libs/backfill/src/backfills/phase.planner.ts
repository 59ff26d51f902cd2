import { BackfillError } from '../errors/backfill.error.js';
import type { Ledger } from '../ledger/ledger.js';
import type { TenantScope } from '../ledger/range.js';
import type { BackfillPlan, PlanReport, UnplannedBackfill } from '../report/plan.js';
import type { BackfillDefinition } from './definition/definition.js';
import { planBackfill } from './plan/backfill.planner.js';
import { PlanBlockedError } from './run.error.js';
import { whyUnprovable } from './status/unprovable.reader.js';

export interface PlanOptions {
  readonly ledger: Ledger;
  /** The schema of the ledger, not quoted. */
  readonly schema: string;
  readonly tenants: TenantScope;
  /** What happens if one of several backfills cannot be planned: `report` plans the others. A lock is always reported. */
  readonly problems: 'throw' | 'report';
}

/** @throws TableMismatchError and InvalidStatementError unless `problems` is `report` */
export async function planPhase(
  definitions: readonly BackfillDefinition[],
  { ledger, schema, tenants, problems }: PlanOptions,
): Promise<PlanReport> {
  const plan: BackfillPlan[] = [];
  const unplanned: UnplannedBackfill[] = [];
  for (const definition of definitions) {
    const { name } = definition;
    try {
      plan.push(await planBackfill(definition, ledger, schema, tenants));
    } catch (error) {
      if (!(error instanceof BackfillError)) throw error;
      const unprovable = await whyUnprovable(definition, error, { ledger, schema });
      if (unprovable !== null) unplanned.push({ name, reason: unprovable, complete: true });
      else if (problems === 'report' || error instanceof PlanBlockedError)
        unplanned.push({ name, reason: error.message });
      else throw error;
    }
  }
  return { phase: 'backfill', plan, ...(unplanned.length === 0 ? {} : { unplanned }) };
}
