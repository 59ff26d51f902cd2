import { formatQuantity } from '../reader.format.js';
import type { ControlledBackfill, ControlReport, ControlVerb } from '../../../report/control-report.js';
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

/** The result of `--set`, `--pause`, `--resume` or `--cancel`. Ends with a line break. */
export function renderControl({ control, backfills }: ControlReport): string {
  return `\n${backfills.map((backfill) => renderBackfill(control, backfill).join('\n')).join('\n\n')}\n`;
}

/** The status after the colon is that of one table; the command was about all of them. */
function titleOf(name: string, target: string | null, targets: number): string {
  if (targets <= 1 || target === null) return name;
  return `${name} on ${formatQuantity(targets, 'table')}, e.g. ${printable(target)}`;
}

function renderBackfill(
  verb: ControlVerb,
  { name, target, targets, status, reason, changed, settings }: ControlledBackfill,
): string[] {
  return [
    `${titleOf(name, target, targets)}: ${changed ? status : `${status}; ${UNCHANGED[verb]}`}`,
    `  ${printableLine(reason)}`,
    ...settings.map((setting) => `  ${renderSetting(setting)}`),
    ...(changed ? [`  ${CONSEQUENCES[verb]}`] : []),
  ];
}
