import { installedStep } from '../../ledger/ledger.installer.js';
import type { Ledger } from '../../ledger/ledger.js';
import { ROUND_SCHEMA_STEP, RoundLedger } from '../../ledger/records/round.ledger.js';
import { Session } from '../../postgres/session.js';
import type { RoundRecord } from '../../report/records.js';
import type { BackfillDefinition } from '../definition/definition.js';

/** Rounds of one database. */
const MAX_ROUNDS = 20;

/** Reads the last rounds of each database that answers. @throws the error of the first database if none answers */
export async function readRounds(
  definitions: readonly BackfillDefinition[],
  ledger: Ledger,
  schema: string,
): Promise<readonly RoundRecord[]> {
  const names = new Map(definitions.map(({ dataSource, dataSourceName }) => [dataSource, dataSourceName]));
  const rounds: RoundRecord[] = [];
  const errors: unknown[] = [];
  for (const [dataSource, name] of names) {
    let session: Session | undefined;
    try {
      session = await Session.open(dataSource);
      if ((await installedStep(session, schema)) < ROUND_SCHEMA_STEP) continue;
      const own = await new RoundLedger(ledger).last(session, MAX_ROUNDS);
      rounds.push(...own.map((round) => ({ dataSource: name, ...round })));
    } catch (error) {
      // The overview reports a database that does not answer.
      errors.push(error);
    } finally {
      await session?.close();
    }
  }
  if (errors.length > 0 && errors.length === names.size) throw errors[0];
  return rounds.sort((a, b) => Date.parse(b.endedAt) - Date.parse(a.endedAt));
}
