import type {
  ForgetReport,
  ForgottenBackfill,
  PruneReport,
} from '../../../backfills/housekeeping/housekeeping.report.js';
import type { GrantsReport } from '../../../deploy/grants/grants.report.js';
import { formatDuration } from '../../../text/duration.format.js';
import { formatQuantity } from '../../../text/quantity.format.js';
import type { HousekeepingReport } from '../../housekeeping/housekeeping.command.js';
import { printable } from '../text/printable.js';

/** In the order of the report. */
const NOUNS = {
  ranges: 'ended range',
  transitions: 'status change',
  settings: 'replaced setting',
  samples: 'sample',
  events: 'event',
  leases: 'expired lease',
  droppedTables: 'record of a dropped table',
} as const satisfies Record<Exclude<keyof PruneReport['pruned'][number], 'dataSource'>, string>;
const IRREGULAR_PLURALS: Readonly<Record<string, string>> = {
  'record of a dropped table': 'records of dropped tables',
};

/** The result of `--prune`, `--forget` or `--grants`. Ends with a line break. */
export function renderHousekeeping(report: HousekeepingReport): string {
  if ('grants' in report) return renderGrants(report);
  const lines = 'pruned' in report ? renderPruned(report) : renderForgotten(report);
  return `\n${lines.join('\n')}\n`;
}

/** SQL for `psql`: the lines between the statements are comments. */
function renderGrants({ grants }: GrantsReport): string {
  return grants
    .map(({ dataSource, database, sql }) =>
      [`-- Data source ${printable(dataSource)}, database ${printable(database)}`, ...sql, ''].join('\n'),
    )
    .join('\n');
}

function renderPruned({ keepMs, pruned }: PruneReport): string[] {
  if (pruned.length === 0) return ['There is no ledger to prune: no backfill has run yet.'];
  return pruned.map((counts) => {
    const deleted = Object.entries(NOUNS).flatMap(([key, noun]) => {
      const count = counts[key as keyof typeof NOUNS];
      return count === 0 ? [] : [plural(count, noun)];
    });
    const what = deleted.length === 0 ? 'nothing to delete' : `deleted ${deleted.join(', ')}`;
    return `${printable(counts.dataSource)}: ${what}; kept the last ${formatDuration(keepMs)}.`;
  });
}

function plural(count: number, noun: string): string {
  const irregular = IRREGULAR_PLURALS[noun];
  const quantity = formatQuantity(count, noun);
  return irregular === undefined || count === 1 ? quantity : quantity.replace(`${noun}s`, irregular);
}

function renderForgotten({ forgotten }: ForgetReport): string[] {
  return forgotten.map((each) => `${printable(each.name)}: ${describe(each)}.`);
}

function describe({ dataSource, statuses, quarantined }: ForgottenBackfill): string {
  const records = statuses.map(({ status, records: count }) => `${formatQuantity(count, 'table')} ${status}`);
  const rows = quarantined === 0 ? '' : `, with ${formatQuantity(quarantined, 'row')} in quarantine`;
  return `the records in ${printable(dataSource)} were deleted (${records.join(', ')}${rows})`;
}
