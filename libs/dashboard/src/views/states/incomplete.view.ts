import { TEXTS } from '../../texts.js';
import { count, rows } from '../format.js';
import { html } from '../html.js';
import type { StateView } from './state.js';

export const incompleteState: StateView = ({ reason, waitingFor, quarantined, remaining }) =>
  html` <p>${TEXTS.states.incomplete.meaning}</p>
    <p>${reason}</p>
    ${waitingFor !== null && html`<p>${TEXTS.columns.waiting}: ${waitingFor}</p>`}
    ${quarantined > 0 && html`<p>${TEXTS.attentionOf.quarantine(rows(quarantined))}. ${TEXTS.retryHint}</p>`}
    ${remaining !== null && html`<p>${TEXTS.chart.remaining}: ${count(remaining)}</p>`}`;
