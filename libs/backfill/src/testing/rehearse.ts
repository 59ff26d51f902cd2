import type { Type } from '@nestjs/common';
import type { RehearsalOptions } from './rehearsal.options.js';
import { Rehearsal } from './rehearsal.js';
import { stageFor } from './stage/open-stage.js';
import { rowChanges } from './stage/row-changes.js';

/**
 * Runs a backfill once on the given rows, in the database of the imported modules, and returns what it has
 * changed. The tables of the application must be empty before, and are empty afterwards. It starts the
 * application without a server, uses a ledger of its own, and runs no scheduled round of this library.
 *
 * @param backfill a class with `@Backfill` that `imports` or `providers` provide
 * @throws RehearsalError if the tables do not exist or have rows
 * @throws UnknownBackfillError if nothing provides the class
 * @publicApi
 * @example
 * const rehearsal = await rehearse(LeadsSearchName, { imports: [AppModule], rows: [{ firstName: 'Zoë', lastName: 'Ångström' }] });
 * expect(rehearsal.changes).toEqual([{ id: 1, before: { searchName: null }, after: { searchName: 'zoe angstrom' } }]);
 * await rehearsal.holds();
 */
export async function rehearse(backfill: Type<unknown>, options: RehearsalOptions): Promise<Rehearsal> {
  const onStage = stageFor(backfill, options);
  return onStage(async (stage) => {
    const before = await stage.entities();
    const { report } = await stage.run();
    const changes = rowChanges(stage.changed, before, await stage.entities());
    return new Rehearsal(onStage, { report, changes });
  });
}
