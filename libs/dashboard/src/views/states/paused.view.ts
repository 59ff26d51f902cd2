import { TEXTS } from '../../texts.js';
import { time } from '../format.js';
import { html } from '../html.js';
import type { StateView } from './state.js';

export const pausedState: StateView = ({ reason, changedAt }) =>
  html` <p><strong>${reason}</strong> ${time(changedAt)}</p>
    <p>${TEXTS.states.paused.meaning}</p>`;
