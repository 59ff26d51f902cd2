import { RehearsalError } from '../rehearsal.error.js';
import type { RehearsalStage } from '../rehearsal.options.js';
import { firstDifference, plainRun } from './description.js';

/** A second run from the beginning finds nothing to do and changes nothing. @publicApi */
export async function isIdempotent(stage: RehearsalStage): Promise<void> {
  const first = await plainRun(stage);
  await stage.forgetRuns();
  const second = await stage.run();
  const difference = firstDifference(first.changes, second.changes);
  if (second.report.updated === 0 && difference === undefined) return;
  throw new RehearsalError(
    stage.subject,
    `it is not idempotent: a second run changed ${second.report.updated} rows${difference ? `: ${difference}` : ''}.`,
    'Make the change set the columns of `where` to values that do not match it.',
  );
}
