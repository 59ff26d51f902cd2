import type { Rehearsal } from '../../actions/action.table.js';
import { TEXTS } from '../../texts.js';
import { html, type Html } from '../html.js';
import type { PageContext } from '../page.js';
import { frame } from './list-frame.view.js';

const { plan: texts, sections } = TEXTS;

/** What each rehearsal does, and the button that begins it. */
const REHEARSAL_TEXTS = {
  plan: { title: sections.plan, intro: texts.intro, button: texts.make },
  rows: { title: sections.rows, intro: texts.rowsIntro, button: texts.showRows },
} as const satisfies Record<Rehearsal, object>;

/** Says what a rehearsal costs, with a button that begins it. */
export function rehearsalPage(
  context: PageContext,
  { action, name, token }: { readonly action: Rehearsal; readonly name: string; readonly token: string },
): Html {
  const { title, intro, button } = REHEARSAL_TEXTS[action];
  return frame(context, { name, title }, [
    html`<p>${intro}</p>
      <form method="post" action="${context.links.to(['b', name, action])}">
        <input type="hidden" name="csrf" value="${token}" />
        <button class="button ${action}">${button}</button>
      </form>`,
  ]);
}
