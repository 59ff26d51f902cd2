import { TARGET_SCHEMA_STEP } from '../../ledger/ledger.context.js';
import { installedStep } from '../../ledger/ledger.installer.js';
import type { Ledger } from '../../ledger/ledger.js';
import type { BackfillPreview } from '../../report/preview.js';
import type { BackfillDefinition } from '../definition/definition.js';
import { withPlanSelection } from './plan.session.js';
import { rehearseChanges } from './rehearsal/changes.rehearsal.js';

const DEFAULT_ROWS = 10;
const MAX_ROWS = 100;

/** Shows some pending rows before and after their change, which is rolled back. @throws as a plan */
export function previewChanges(
  definition: BackfillDefinition,
  ledger: Ledger,
  schema: string,
  { rows = DEFAULT_ROWS }: { readonly rows?: number },
): Promise<BackfillPreview> {
  const { name, version, kind, table } = definition;
  const options = { ledger, schema, tenants: null };
  return withPlanSelection(definition, options, async (session, selection, planLedger) => {
    const excludeQuarantined = (await installedStep(session, planLedger.schema)) >= TARGET_SCHEMA_STEP;
    const changes = await rehearseChanges(session, selection, {
      schema: planLedger.schema,
      excludeQuarantined,
      rows: Number.isFinite(rows) ? Math.min(MAX_ROWS, Math.max(1, Math.trunc(rows))) : DEFAULT_ROWS,
    });
    const key = selection.definition.key.map(({ databaseName }) => databaseName);
    return { name, version, kind, table, key, ...changes };
  });
}
