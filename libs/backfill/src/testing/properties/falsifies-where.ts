import { RehearsalError } from '../rehearsal.error.js';
import { describeQuarantine } from './description.js';
import type { RehearsalStage } from '../rehearsal.options.js';

/** After a run no row is pending, and none is in quarantine. @publicApi */
export async function falsifiesWhere(stage: RehearsalStage): Promise<void> {
  const { report } = await stage.run();
  const [left, ...others] = await stage.pendingKeys();
  if (left === undefined) return;
  const more = others.length > 0 ? ` and ${others.length} more` : '';
  throw new RehearsalError(
    stage.subject,
    `its change does not make \`where\` false: the row ${left} of ${stage.table}${more} is still pending after a run. ${report.reason}${await describeQuarantine(stage)}`,
    'Write a value that does not match `where` for each row, e.g. with COALESCE.',
  );
}
