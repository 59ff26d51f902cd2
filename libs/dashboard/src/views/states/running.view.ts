import { TEXTS } from '../../texts.js';
import { count, duration, percent, time } from '../format.js';
import { html } from '../html.js';
import type { StateView } from './state.js';

export const runningState: StateView = (backfill) => {
  const { name, fraction, rowsPerSecond, remainingMs, remaining, waitingFor, waitingSince } = backfill;
  return html` ${fraction !== null && html`<p><progress max="1" value="${fraction.toFixed(3)}" aria-label="${TEXTS.columns.progress}" data-bind="${name}/fraction" data-as="progress"></progress> <span data-bind="${name}/fraction" data-as="percent">${percent(fraction)}</span></p>`}
    <p>
      ${rowsPerSecond !== null && html`<strong data-bind="${name}/rowsPerSecond" data-as="count">${count(rowsPerSecond)}</strong> ${TEXTS.columns.rate}`}
      ${remainingMs !== null && html` · ${TEXTS.columns.left}: <span data-bind="${name}/remainingMs" data-as="duration">${duration(remainingMs)}</span>`}
      ${remaining !== null && html` · ${TEXTS.chart.remaining}: <span data-bind="${name}/remaining" data-as="count">${count(remaining)}</span>`}
    </p>
    <p>${TEXTS.states.running.meaning} ${backfill.reason}</p>
    <p>
      ${waitingFor !== null && html`${TEXTS.columns.waiting}: `}<span
        data-bind="${name}/waitingFor"
        data-as="text"
        >${waitingFor}</span
      >${waitingSince !== null && html` ${TEXTS.since} ${time(waitingSince)}`}
    </p>`;
};
