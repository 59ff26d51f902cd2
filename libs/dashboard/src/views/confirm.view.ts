import type { BackfillOverview } from 'nestjs-backfill/operate';
import { SETTING_NAMES, type SteeringAction } from '../actions/action.table.js';
import { TEXTS } from '../texts.js';
import { rows } from './format.js';
import { html, type Content, type Html } from './html.js';
import { layout } from './layout.view.js';
import type { PageContext } from './page.js';

const { confirm } = TEXTS;

/** What a form of confirmation shows. */
export interface Confirmation {
  readonly action: SteeringAction;
  readonly overview: BackfillOverview;
  readonly token: string;
  /** Why the last attempt was refused; null before the first one. */
  readonly problem: string | null;
  /** What the person has filled in before. */
  readonly filled: Readonly<Record<string, string>>;
}

/** Says what an action will do, and asks for the reason. */
export function confirmPage(context: PageContext, confirmation: Confirmation): Html {
  const { action, overview, token, problem, filled } = confirmation;
  const { name, status, updated, targets } = overview;
  const texts = TEXTS.actions[action];
  return layout(context, {
    title: confirm.title(texts.name, name),
    liveFrom: null,
    main: html`<h1>${confirm.title(texts.name, name)}</h1>
      ${problem !== null && html`<p class="attention" role="alert">${problem}</p>`}
      <h2>${confirm.happens}</h2>
      <p>${texts.effect}</p>
      <p>${confirm.pending(TEXTS.states[status].name, rows(updated))}</p>
      <form method="post" action="${context.links.to(['b', name, action])}">
        <input type="hidden" name="csrf" value="${token}" />
        ${action === 'set' && SETTING_NAMES.map((setting) => field(setting, filled[setting] ?? ''))}
        ${action === 'retry' && keysField(filled['keys'] ?? '')}
        ${targets.total > 1 && ['pause', 'resume', 'cancel', 'set'].includes(action) && targetsField(filled['targets'] ?? '')}
        <p>
          <label for="reason">${confirm.reason}</label><br /><input
            id="reason"
            name="reason"
            required
            maxlength="500"
            autocomplete="off"
            aria-describedby="reason-hint"
            value="${filled['reason']}"
          /><br /><small id="reason-hint">${confirm.reasonHint} ${confirm.as}: ${context.access.actor}</small>
        </p>
        <p>
          <button class="button ${action}">${texts.name}</button>
          <a href="${context.links.to(['b', name])}">${confirm.back}</a>
        </p>
      </form>`,
  });
}

function field(setting: (typeof SETTING_NAMES)[number], value: string): Html {
  return html`<p>
    <label for="${setting}">${setting}</label><br /><input
      id="${setting}"
      name="${setting}"
      autocomplete="off"
      aria-describedby="${setting}-hint"
      value="${value}"
    /><br /><small id="${setting}-hint">${confirm.settings[setting]}</small>
  </p>`;
}

function keysField(value: string): Html {
  return html`<p>
    <label for="keys">${confirm.keys}</label><br /><textarea id="keys" name="keys" rows="4">
${value}</textarea>
  </p>`;
}

function targetsField(value: string): Content {
  return html`<p>
    <label for="targets">${confirm.targets}</label><br /><input
      id="targets"
      name="targets"
      autocomplete="off"
      value="${value}"
    />
  </p>`;
}

/** A page with a message instead of what was asked for. */
export function messagePage(context: PageContext, title: string, message: string): Html {
  return layout(context, {
    title,
    liveFrom: null,
    main: html`<h1>${title}</h1>
      <p class="attention" role="alert">${message}</p>`,
  });
}
