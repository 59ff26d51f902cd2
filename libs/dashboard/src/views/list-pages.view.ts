import type { HistoryEntry, RecordPage, TenantQuery, TenantSort } from 'nestjs-backfill/operate';
import type { BackfillPlan, TenantReport } from 'nestjs-backfill/reports';
import { TEXTS } from '../texts.js';
import { count, duration, facts } from './format.js';
import { html, type Html } from './html.js';
import { layout } from './layout.view.js';
import { historyTable, tenantsTable } from './lists.view.js';
import type { PageContext } from './page.js';

const { list, sections } = TEXTS;
const SORTS = [
  'updated',
  'tenant',
  'skipped',
  'quarantined',
  'lastTouchedAt',
] as const satisfies TenantSort[];

const ORDERS = ['descending', 'ascending'] as const;

/** Which part of a list a page shows. */
export interface ShownPart {
  readonly offset: number;
  readonly limit: number;
}

export function tenantsPage(
  context: PageContext,
  name: string,
  page: RecordPage<TenantReport>,
  query: Required<TenantQuery>,
): Html {
  const { search, sort, order } = query;
  const options = SORTS.map(
    (option) =>
      html`<option value="${option}" ${option === sort && html` selected`}>${list.columns[option]}</option>`,
  );
  return frame(context, { name, title: sections.tenants }, [
    html`<form method="get" role="search">
      <label for="search">${list.search}</label>
      <input id="search" name="search" type="search" value="${search}" />
      <label for="sort">${list.sort}</label>
      <select id="sort" name="sort">
        ${options}
      </select>
      <label for="order">${list.order}</label>
      <select id="order" name="order">
        ${ORDERS.map((option) => html`<option value="${option}" ${option === order && html` selected`}>${list[option]}</option>`)}
      </select>
      <button>${list.show}</button>
    </form>`,
    tenantsTable(page),
    paging(context, { name, list: 'tenants', total: page.total, query: { search, sort, order } }, query),
  ]);
}

export function historyPage(
  context: PageContext,
  name: string,
  page: RecordPage<HistoryEntry>,
  part: ShownPart,
): Html {
  return frame(context, { name, title: sections.history }, [
    historyTable(page),
    paging(context, { name, list: 'history', total: page.total, query: {} }, part),
  ]);
}

export function planPage(context: PageContext, plan: BackfillPlan): Html {
  const { name, pending, batches, estimatedMs, index, warnings, sql, explain, triggers } = plan;
  return frame(context, { name, title: sections.plan }, [
    warnings.length > 0 &&
      html`<ul class="attention">
        ${warnings.map((warning) => html`<li>${warning}</li>`)}
      </ul>`,
    facts([
      [TEXTS.chart.remaining, pending === null ? null : count(pending)],
      [TEXTS.facts.batches, batches === null ? null : count(batches)],
      [TEXTS.columns.left, estimatedMs === null ? null : duration(estimatedMs)],
      [TEXTS.facts.index, index],
      ['Triggers', triggers.join(', ')],
    ]),
    html`<h2 id="sql">${TEXTS.plan.sql}</h2>
      <pre tabindex="0" aria-labelledby="sql" role="region">${sql}</pre>`,
    html`<h2 id="explain">${TEXTS.plan.explain}</h2>
      <pre tabindex="0" aria-labelledby="explain" role="region">${explain.join('\n')}</pre>`,
  ]);
}

function frame(
  context: PageContext,
  { name, title }: { readonly name: string; readonly title: string },
  content: readonly (Html | false)[],
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

interface Paged {
  readonly name: string;
  readonly list: 'tenants' | 'history';
  readonly total: number;
  readonly query: Readonly<Record<string, string>>;
}

function paging({ links }: PageContext, paged: Paged, { offset, limit }: ShownPart): Html {
  const { name, total, query } = paged;
  const link = (to: number, text: string) =>
    html`<a href="${links.to(['b', name, paged.list], { ...query, offset: String(to) })}">${text}</a> `;
  const last = Math.min(total, offset + limit);
  return html`<nav class="paging" aria-label="${list.next}">
    ${offset > 0 && link(Math.max(0, offset - limit), list.previous)}${list.of(count(Math.min(total, offset + 1)), count(last), count(total))}
    ${last < total && link(last, list.next)}
  </nav>`;
}
