import type { BackfillStatus } from 'nestjs-backfill';
import { TEXTS } from '../../texts.js';
import { html, type Html } from '../html.js';

/** The status in a word; a symbol beside the colour, for readers who do not see it. */
const SYMBOLS = {
  pending: '○',
  running: '▶',
  complete: '✔',
  incomplete: '◐',
  paused: '‖',
  cancelled: '✕',
  failed: '⚠',
} as const satisfies Record<BackfillStatus, string>;

export function statusBadge(status: BackfillStatus): Html {
  return html`<span class="status ${status}"
    ><span aria-hidden="true">${SYMBOLS[status]}</span> ${TEXTS.states[status].name}</span
  >`;
}
