import type { Ledger } from '../../ledger/ledger.js';
import { Session } from '../../postgres/session.js';
import type { BackfillDefinition } from '../definition/definition.js';
import { NotInDatabaseError } from '../run.error.js';
import { isMissingPart, readMissingPart } from '../run/outcome/missing-part.reader.js';
import { cannotBeProvedAgain } from '../run/outcome/run-outcome.js';
import { readStatus } from './status.reader.js';

/**
 * Why a complete backfill cannot be proved again: a column or its table was dropped since. Null for a backfill that is
 * not complete, and if the error has another cause.
 *
 * @param error of a statement on the backfill's table
 */
export async function whyUnprovable(
  definition: BackfillDefinition,
  error: Error,
  { ledger, schema }: { readonly ledger: Ledger; readonly schema: string },
): Promise<string | null> {
  const problem = await problemOf(definition, error);
  if (problem === null) return null;
  const options = { includeUndeclared: false, targets: [] };
  const [report] = await readStatus([definition], ledger, schema, options);
  return report?.status === 'complete' ? cannotBeProvedAgain(problem, report.provedAt) : null;
}

async function problemOf(definition: BackfillDefinition, error: Error): Promise<string | null> {
  if (error instanceof NotInDatabaseError) return error.problem;
  if (!isMissingPart(error) && !isMissingPart(error.cause)) return null;
  const session = await Session.open(definition.dataSource);
  try {
    return await readMissingPart(session, definition);
  } finally {
    await session.close();
  }
}
