import { TEXTS } from '../../texts.js';
import { time } from '../format.js';
import { html } from '../html.js';
import type { StateView } from './state.js';

export const completeState: StateView = ({ completedAt, sealedBy, reason }) =>
  html` <p>${TEXTS.states.complete.meaning}</p>
    <p>${TEXTS.facts.completed}: ${time(completedAt)}</p>
    ${sealedBy === null ? html`<p>${reason}</p>` : html`<p>${TEXTS.facts.sealedBy}: ${sealedBy}</p>`}`;
