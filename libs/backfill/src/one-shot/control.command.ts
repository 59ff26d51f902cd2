import { BackfillError } from '../errors/backfill.error.js';
import { IllegalTransitionError } from '../ledger/ledger.error.js';
import { messageOf } from '../postgres/error-classes.js';
import type {
  CommandOptions,
  ControlledBackfill,
  ControlReport,
  RefusedControl,
} from '../report/control-report.js';
import type { PhaseServices } from '../deploy/phase.services.js';
import type { ControlArguments } from './arguments/control.arguments.js';

const NOT_REACHED = 'The command ended before it.';

/**
 * Writes a control command into the ledgers of the named backfills. What one of them refuses does not keep the command
 * from the others.
 *
 * @throws BackfillError for an unknown name, before any ledger is changed; and if no ledger was changed
 */
export async function runControlCommand(
  { backfills: service }: PhaseServices,
  { verb, names, changes, why, targets }: ControlArguments,
  command: CommandOptions,
): Promise<ControlReport> {
  service.assertDeclared(names);
  const options = {
    ...command,
    ...(why === undefined ? {} : { why }),
    ...(targets.length === 0 ? {} : { targets }),
  };
  const backfills: ControlledBackfill[] = [];
  const refused: RefusedControl[] = [];
  for (const [at, name] of names.entries()) {
    try {
      backfills.push(
        verb === 'set' ? await service.set(name, changes, options) : await service[verb](name, options),
      );
    } catch (error) {
      // Nothing was changed, so the error alone explains it.
      if (names.length === 1) throw error;
      const kind = error instanceof IllegalTransitionError ? 'status' : 'error';
      refused.push({ name, kind, reason: messageOf(error) });
      // The connection may be lost, or a signal has stopped the command.
      if (kind === 'error' && backfills.length === 0 && !(error instanceof BackfillError)) throw error;
      if (kind === 'error') {
        const others = names.slice(at + 1);
        refused.push(...others.map((other) => ({ name: other, kind, reason: NOT_REACHED }) as const));
        break;
      }
    }
  }
  return { phase: 'backfill', control: verb, backfills, ...(refused.length > 0 && { refused }) };
}
