import { TEXTS } from '../../texts.js';
import { count } from '../format.js';
import { html, type Content, type Html } from '../html.js';
import { layout } from '../layout.view.js';
import type { PageContext } from '../page.js';

const { list } = TEXTS;

/** Which part of a list a page shows. */
export interface ShownPart {
  readonly offset: number;
  readonly limit: number;
}

/** A page below that of a backfill. */
export function frame(
  context: PageContext,
  { name, title }: { readonly name: string; readonly title: string },
  content: readonly Content[],
): Html {
  return layout(context, {
    title: `${title} · ${name}`,
    liveFrom: null,
    main: [
      html`<p><a href="${context.links.to(['b', name])}">${name}</a></p>
        <h1>${title}</h1>`,
      ...content,
    ],
  });
}

/** Which list a page shows a part of. */
export interface Paged {
  readonly name: string;
  readonly list: 'tenants' | 'history' | 'quarantine';
  readonly total: number;
  readonly query: Readonly<Record<string, string>>;
}

/** Links to the parts before and after. */
export function paging({ links }: PageContext, paged: Paged, { offset, limit }: ShownPart): Html {
  const { name, total, query } = paged;
  const link = (to: number, text: string) =>
    html`<a href="${links.to(['b', name, paged.list], { ...query, offset: String(to) })}">${text}</a> `;
  const last = Math.min(total, offset + limit);
  return html`<nav class="paging" aria-label="${list.next}">
    ${offset > 0 && link(Math.max(0, offset - limit), list.previous)}${list.of(count(Math.min(total, offset + 1)), count(last), count(total))}
    ${last < total && link(last, list.next)}
  </nav>`;
}
