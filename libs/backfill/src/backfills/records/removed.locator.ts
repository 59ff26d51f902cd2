import type { BackfillLedger } from '../../ledger/backfill.ledger.js';
import type { Ledger } from '../../ledger/ledger.js';
import type { Session } from '../../postgres/session.js';
import { chooseTargets } from '../control/target.chooser.js';

/** A backfill that the application no longer declares. */
export interface RemovedBackfill {
  readonly name: string;
  /** @default the first table by its name, which the overview shows too */
  readonly target: string | undefined;
}

/**
 * The records of the newest version of a removed backfill on one of its tables.
 *
 * @returns null if the ledger of this database has none
 * @throws UnknownTargetError
 */
export async function locateRemoved(
  session: Session,
  inspection: Ledger,
  { name, target }: RemovedBackfill,
): Promise<BackfillLedger | null> {
  const newest = await inspection.targets.newestExcept(session, []);
  const found = newest.find((backfill) => backfill.name === name);
  if (!found) return null;
  const known = await inspection.targets.list(session, found);
  const wanted = target === undefined ? known : chooseTargets(name, known, [target]);
  const [chosen] = wanted;
  if (!chosen) return null;
  const ledger = inspection.of({ ...found, table: '' });
  ledger.locateAs({ name: chosen.name, tableId: null });
  return ledger;
}
