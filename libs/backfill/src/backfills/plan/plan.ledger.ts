import { randomUUID } from 'node:crypto';
import { installedStep } from '../../ledger/ledger.installer.js';
import type { Ledger } from '../../ledger/ledger.js';
import { SCHEMA_STEPS } from '../../ledger/schema/steps.js';
import type { BackfillStatus } from '../../ledger/status.js';
import type { Session } from '../../postgres/session.js';
import type { BackfillDefinition } from '../definition/definition.js';
import { readStatus } from '../status/status.reader.js';

/** The ledger on which a plan rehearses its batches. */
export interface PlanLedger {
  readonly ledger: Ledger;
  /** Its schema, not quoted. */
  readonly schema: string;
  /** What the application's ledger says, if the plan uses another one; null: it uses that of the application. */
  readonly recorded: { readonly status: BackfillStatus; readonly sealedBy: string | null } | null;
}

/**
 * A ledger of an earlier release cannot take a batch, and its upgrade would lock its tables until the rehearsal is rolled
 * back. So the plan installs one of its own, which is rolled back too.
 */
export async function ledgerForPlan(
  session: Session,
  definition: BackfillDefinition,
  { ledger, schema }: { readonly ledger: Ledger; readonly schema: string },
): Promise<PlanLedger> {
  const step = await installedStep(session, schema);
  const newest = SCHEMA_STEPS.at(-1)?.number ?? 0;
  if (step === 0 || step >= newest) return { ledger, schema, recorded: null };
  const [report] = await readStatus([definition], ledger, schema, { includeUndeclared: false, targets: [] });
  const own = `nestjs_backfill_plan_${randomUUID().slice(0, 8)}`;
  return {
    ledger: ledger.inSchema(own),
    schema: own,
    recorded: { status: report?.status ?? 'pending', sealedBy: report?.sealedBy ?? null },
  };
}
