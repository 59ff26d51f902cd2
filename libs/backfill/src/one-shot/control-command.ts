import type { INestApplicationContext } from '@nestjs/common';
import type { ControlledBackfill, ControlReport } from '../backfills/report/control-report.js';
import type { ControlArguments } from './arguments/control.arguments.js';
import { controlsOf } from '../deploy/engine.js';

/** Writes an order into the ledgers of the backfills that it names. @throws BackfillError, before the first when a name is unknown */
export async function giveOrder(
  app: INestApplicationContext,
  module: string,
  { verb, names, changes, why }: ControlArguments,
): Promise<ControlReport> {
  const controls = controlsOf(app, module);
  controls.assertDeclared(names);
  const options = why === undefined ? {} : { why };
  const backfills: ControlledBackfill[] = [];
  for (const name of names) {
    backfills.push(
      verb === 'set' ? await controls.set(name, changes, options) : await controls[verb](name, options),
    );
  }
  return { phase: 'backfill', control: verb, backfills };
}
