import { TEXTS } from '../../texts.js';
import { rows, time } from '../format.js';
import { html } from '../html.js';
import type { StateView } from './state.js';

export const failedState: StateView = ({ reason, changedAt, quarantined }) =>
  html` <p>${TEXTS.states.failed.meaning} ${time(changedAt)}</p>
    <pre tabindex="0">${reason}</pre>
    ${quarantined > 0 && html`<p>${TEXTS.attentionOf.quarantine(rows(quarantined))}. ${TEXTS.retryHint}</p>`}`;
