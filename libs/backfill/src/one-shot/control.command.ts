import type { ControlledBackfill, ControlReport } from '../report/control-report.js';
import type { PhaseServices } from '../deploy/phase.services.js';
import type { ControlArguments } from './arguments/control.arguments.js';

/**
 * Writes a control command into the ledgers of the named backfills.
 *
 * @throws BackfillError for an unknown name, before any ledger is changed
 */
export async function runControlCommand(
  { backfills: service }: PhaseServices,
  { verb, names, changes, why, targets }: ControlArguments,
): Promise<ControlReport> {
  service.assertDeclared(names);
  const options = { ...(why === undefined ? {} : { why }), ...(targets.length === 0 ? {} : { targets }) };
  const backfills: ControlledBackfill[] = [];
  for (const name of names) {
    backfills.push(
      verb === 'set' ? await service.set(name, changes, options) : await service[verb](name, options),
    );
  }
  return { phase: 'backfill', control: verb, backfills };
}
