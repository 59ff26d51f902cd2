import type {
  ControlledBackfill,
  ControlReport,
  ControlVerb,
} from '../../../backfills/report/control-report.js';
import { renderSetting } from './status.renderer.js';
import { printableLine } from '../../../text/format.js';

/** What was so already, when an order changes nothing. */
const UNCHANGED = {
  set: 'it is set so already',
  pause: 'it is paused already',
  resume: 'there is nothing to resume',
  cancel: 'it is cancelled already',
} as const satisfies Record<ControlVerb, string>;

/** What came of an order, for people. Ends with a line break. */
export function renderControl({ control, backfills }: ControlReport): string {
  return `\n${backfills.map((each) => renderOne(control, each).join('\n')).join('\n\n')}\n`;
}

function renderOne(
  verb: ControlVerb,
  { name, status, reason, changed, settings }: ControlledBackfill,
): string[] {
  return [
    `${name}: ${changed ? status : `${status}; ${UNCHANGED[verb]}`}`,
    `  ${printableLine(reason)}`,
    ...settings.map((each) => `  ${renderSetting(each)}`),
    ...(changed ? [`  ${FOLLOWS[verb]}`] : []),
  ];
}

const FOLLOWS = {
  set: 'Running workers follow within a second.',
  pause: 'Running workers finish the batch in hand and end within a second; --resume lets it go on.',
  resume: 'The next run takes it up.',
  cancel: 'Running workers finish the batch in hand and end within a second; only --resume brings it back.',
} as const satisfies Record<ControlVerb, string>;
