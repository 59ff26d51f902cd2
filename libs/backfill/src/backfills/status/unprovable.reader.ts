import type { Ledger } from '../../ledger/ledger.js';
import { Session } from '../../postgres/session.js';
import type { BackfillDefinition } from '../definition/definition.js';
import { NotInDatabaseError } from '../run.error.js';
import { isMissingPart, readMissingPart } from '../run/outcome/missing-part.reader.js';
import { cannotBeProvedAgain } from '../run/outcome/run-outcome.js';
import { readStatus } from './status.reader.js';

/** Where the records of the backfill are. */
interface Records {
  readonly ledger: Ledger;
  /** The schema of the ledger, not quoted. */
  readonly schema: string;
}

/**
 * Why a complete backfill cannot be proved again: a column or its table was dropped since. Null for a backfill that is
 * not complete, if the error has another cause, and if this cannot be read. It opens connections, so the caller holds
 * none of the pool.
 *
 * @param error of a statement on the backfill's table
 */
export async function whyUnprovable(
  definition: BackfillDefinition,
  error: unknown,
  records: Records,
): Promise<string | null> {
  if (!(error instanceof Error)) return null;
  try {
    return await readCause(definition, error, records);
  } catch {
    // The caller reports the error itself.
    return null;
  }
}

async function readCause(
  definition: BackfillDefinition,
  error: Error,
  { ledger, schema }: Records,
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
