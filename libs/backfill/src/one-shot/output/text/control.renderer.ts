import type { BackfillStatus } from '../../../ledger/status.js';
import { formatCount, formatQuantity } from '../reader.format.js';
import type {
  ControlledBackfill,
  ControlReport,
  ControlVerb,
  RefusedControl,
  TableList,
} from '../../../report/control-report.js';
import { printable, printableLine } from './printable.js';
import { renderSetting } from './status.renderer.js';

/** Why a command had no effect. */
const UNCHANGED = {
  set: 'it already has this setting',
  pause: 'it is already paused',
  resume: 'there is nothing to resume',
  cancel: 'it is already cancelled',
} as const satisfies Record<ControlVerb, string>;

const CONSEQUENCES = {
  set: 'Running workers apply it within a second.',
  pause:
    'Running workers finish their current batch and stop within a second. --resume continues the backfill.',
  resume: 'The next run continues it.',
  cancel:
    'Running workers finish their current batch and stop within a second. Only --resume continues the backfill.',
} as const satisfies Record<ControlVerb, string>;

/** What a command did to a table, before the names of the tables. */
const DONE = {
  set: 'set',
  pause: 'paused',
  resume: 'resumed',
  cancel: 'cancelled',
} as const satisfies Record<ControlVerb, string>;

/** Why a command left a table as it is; its status for any other. */
const ALREADY: Readonly<Partial<Record<ControlVerb, BackfillStatus>>> = {
  pause: 'paused',
  cancel: 'cancelled',
};

/** The result of `--set`, `--pause`, `--resume` or `--cancel`. Ends with a line break. */
export function renderControl({ control, backfills, refused = [] }: ControlReport): string {
  const blocks = [
    ...backfills.map((backfill) => renderBackfill(control, backfill)),
    ...refused.map(renderRefused),
  ];
  return `\n${blocks.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

function renderRefused({ name, reason }: RefusedControl): string[] {
  return [`${printable(name)}: unchanged`, ...reason.split('\n').map((line) => `  ${printableLine(line)}`)];
}

function renderBackfill(verb: ControlVerb, backfill: ControlledBackfill): string[] {
  const { name, status, reason, changed, settings, targets } = backfill;
  const consequence = changed ? [CONSEQUENCES[verb]] : [];
  const settingLines = settings.map((setting) => renderSetting(setting));
  if (targets <= 1)
    return [
      `${name}: ${changed ? status : `${status}; ${UNCHANGED[verb]}`}`,
      ...[printableLine(reason), ...settingLines, ...consequence].map((line) => `  ${line}`),
    ];
  return [
    titleOf(verb, backfill),
    ...[...renderTables(verb, backfill), ...settingLines, ...consequence].map((line) => `  ${line}`),
  ];
}

function titleOf(verb: ControlVerb, { name, changed, changedTargets, targets }: ControlledBackfill): string {
  const { total } = changedTargets;
  if (!changed) return `${name}: unchanged on ${formatQuantity(targets, 'table')}; ${UNCHANGED[verb]}`;
  if (total === 0) return `${name}: ${DONE[verb]} on tables that a run meets later`;
  return `${name}: ${DONE[verb]} on ${formatCount(total)} of ${formatQuantity(targets, 'table')}`;
}

function renderTables(verb: ControlVerb, { changedTargets, unchangedTargets }: ControlledBackfill): string[] {
  return [
    ...(changedTargets.total === 0 ? [] : [`Changed: ${listOf(changedTargets)}`]),
    ...unchangedTargets.map((list) => {
      const already = ALREADY[verb] === list.status ? 'already ' : '';
      return `Unchanged: ${formatCount(list.total)} ${already}${list.status}: ${listOf(list)}`;
    }),
  ];
}

function listOf({ total, first }: TableList): string {
  const hidden = total - first.length;
  return `${first.map(printable).join(', ')}${hidden > 0 ? ` and ${formatCount(hidden)} more` : ''}`;
}
