import { TEXTS } from '../../texts.js';
import { count, duration, percent, wait } from '../format.js';
import { html, type Content } from '../html.js';
import type { StateView } from './state.js';

export const runningState: StateView = (backfill) => {
  const { fraction, rowsPerSecond, remainingMs, remaining, waitingFor, waitingSince } = backfill;
  const parts: readonly Content[] = [
    rowsPerSecond !== null &&
      html`<strong data-bind="rowsPerSecond">${count(rowsPerSecond)}</strong> ${TEXTS.columns.rate}`,
    remainingMs !== null &&
      html`${TEXTS.columns.left}: <span data-bind="remainingMs">${duration(remainingMs)}</span>`,
    remaining !== null &&
      html`${TEXTS.chart.remaining}: <span data-bind="remaining">${count(remaining)}</span>`,
  ];
  const known = parts.filter((part) => part !== false);
  return html` ${fraction !== null && html`<p><progress max="1" value="${fraction.toFixed(3)}" aria-label="${TEXTS.columns.progress}" data-bind="fraction"></progress> <span data-bind="fraction">${percent(fraction)}</span></p>`}
    <p>${known.map((part, at) => [at > 0 && ' · ', part])}</p>
    <p>${TEXTS.states.running.meaning} ${backfill.reason}</p>
    <p>
      ${waitingFor !== null && html`${TEXTS.columns.waiting}: `}<span data-bind="waitingFor"
        >${wait(waitingFor, waitingSince)}</span
      >
    </p>`;
};
