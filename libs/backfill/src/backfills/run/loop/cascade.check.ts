import { CascadesNotAcceptedError } from '../../batch/cascade/cascade.error.js';
import { MAX_UNACCEPTED_ROWS } from '../../batch/cascade/cascade.meter.js';
import { RowSelection } from '../../batch/row-selection.js';
import type { Count } from '../../pending/pending.counter.js';
import { rehearseBatch } from '../../plan/rehearsal/batch.rehearsal.js';
import { PLAN_TIMEOUTS } from '../../plan/rehearsal/plan-timeouts.js';
import { formatQuantity } from '../../../text/quantity.format.js';
import type { RunContext } from './run.context.js';

/**
 * Before the first change, measures with a batch that is rolled back how many rows of other tables the changes take
 * along. If that batch fails, the bound of each batch still holds (see `CascadeMeter`).
 *
 * @throws CascadesNotAcceptedError if all changes together are expected to take more along than the user has accepted
 */
export async function checkCascades(
  { connection, definition, schema }: RunContext,
  { ledger, facts, tenants }: RowSelection,
  pending: Count | null,
): Promise<void> {
  const { cascades } = facts;
  if (cascades === null || cascades.isAccepted) return;
  const pace = { ...definition.pace, ...PLAN_TIMEOUTS };
  const selection = new RowSelection({ ...definition, pace }, ledger, facts, tenants);
  const options = { schema, pending, excludeQuarantined: true };
  await connection.use((session) => rehearseBatch(session, selection, options));
  const { changed, total, isCounted } = cascades;
  const expected = cascades.expected(pending?.rows ?? null);
  const report = cascades.report();
  cascades.reset();
  const refuse = (problem: string) => new CascadesNotAcceptedError(definition.name, report, problem);
  if (!isCounted) throw refuse('the server does not count how many (track_counts is off)');
  if (expected <= MAX_UNACCEPTED_ROWS) return;
  const measured = `a batch of ${formatQuantity(changed, 'row')} that was rolled back took ${formatQuantity(total, 'row')} along`;
  const all =
    expected === Infinity ? 'many' : formatQuantity(Math.round(expected), 'row', { isEstimate: true });
  throw refuse(`${measured}, so that the whole backfill takes ${all} along`);
}
