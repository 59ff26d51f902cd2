import type { BackfillOverview } from 'nestjs-backfill/operate';
import type { SteeringAction } from '../actions/action.table.js';
import type { PaceInForce } from '../reading/backfill.reader.js';
import { TEXTS } from '../texts.js';
import { count, rows } from './format.js';
import { html, type Content, type Html } from './html.js';
import { layout } from './layout.view.js';
import { withUnit } from './lists/settings.view.js';
import type { PageContext } from './page.js';

const { confirm } = TEXTS;

/** What a form of confirmation shows. */
export interface Confirmation {
  readonly action: SteeringAction;
  readonly overview: BackfillOverview;
  readonly token: string;
  /** The pace in force, where the action changes it. */
  readonly pace: readonly PaceInForce[];
  /** Why the last attempt was refused; null before the first one. */
  readonly problem: string | null;
  /** What the person has filled in before. */
  readonly filled: Readonly<Record<string, string>>;
}

/** Says what an action will do, and asks for the reason. */
export function confirmPage(context: PageContext, confirmation: Confirmation): Html {
  const { action, overview, token, problem, filled, pace } = confirmation;
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
        ${pace.map((each) => field(each, filled[each.setting] ?? ''))}
        ${action === 'retry' && rowsField(overview, filled)}
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

function field({ setting, declared, set }: PaceInForce, value: string): Html {
  const own = declared === null ? confirm.noneDeclared : withUnit(setting, declared);
  return html`<p>
    <label for="${setting}">${setting}</label><br /><input
      id="${setting}"
      name="${setting}"
      autocomplete="off"
      aria-describedby="${setting}-hint"
      value="${value}"
    /><br /><small id="${setting}-hint"
      >${confirm.settings[setting]} ${confirm.now}:
      <strong>${set === null ? own : withUnit(setting, set.value)}</strong
      >${set !== null && html` (${confirm.setBy(set.by, own)})`}</small
    >
  </p>`;
}

/** Which rows, as a choice of its own: an empty list of keys must not mean the whole quarantine. */
function rowsField({ quarantined }: BackfillOverview, filled: Confirmation['filled']): Html {
  const isChosen = filled['rows'] === 'chosen';
  return html`<fieldset>
    <legend>${confirm.rows}</legend>
    <p>
      <input type="radio" name="rows" value="all" ${!isChosen && html` checked`} id="rows-all" />
      <label for="rows-all">${confirm.allRows}: ${count(quarantined)}</label>
    </p>
    <p>
      <input type="radio" name="rows" value="chosen" ${isChosen && html` checked`} id="rows-chosen" />
      <label for="rows-chosen" id="rows-chosen-label">${confirm.chosenRows}</label><br /><textarea
        id="keys"
        name="keys"
        rows="4"
        aria-labelledby="rows-chosen-label"
      >
${filled['keys']}</textarea>
    </p>
  </fieldset>`;
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
