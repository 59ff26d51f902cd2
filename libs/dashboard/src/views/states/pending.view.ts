import { TEXTS } from '../../texts.js';
import { html } from '../html.js';
import type { StateView } from './state.js';

export const pendingState: StateView = ({ reason, waitingFor, dependsOn }) =>
  html` <p>${TEXTS.states.pending.meaning}</p>
    <p>${reason}</p>
    ${waitingFor !== null && html`<p>${TEXTS.columns.waiting}: ${waitingFor}</p>`}
    ${dependsOn.length > 0 && html`<p>${TEXTS.facts.dependsOn}: ${dependsOn.join(', ')}</p>`}`;
