import { TEXTS } from '../../texts.js';
import { time } from '../format.js';
import { html } from '../html.js';
import type { StateView } from './state.js';

/** In milliseconds. */
const OLD_MS = 30 * 24 * 3_600_000;

export const completeState: StateView = ({ completedAt, sealedBy, reason }) =>
  html`${isOld(completedAt) && html`<p class="attention">${TEXTS.retire}</p>`}
    <p>${TEXTS.states.complete.meaning}</p>
    <p>${TEXTS.facts.completed}: ${time(completedAt)}</p>
    ${sealedBy === null ? html`<p>${reason}</p>` : html`<p>${TEXTS.facts.sealedBy}: ${sealedBy}</p>`}`;

function isOld(completedAt: string | null): boolean {
  return completedAt !== null && Date.now() - Date.parse(completedAt) > OLD_MS;
}
