import type { HistoryEntry, RecordPage, TenantQuery, TenantSort } from 'nestjs-backfill/operate';
import type { TenantReport } from 'nestjs-backfill/reports';
import { TEXTS } from '../../texts.js';
import { html, type Html } from '../html.js';
import { frame, paging, type ShownPart } from './list-frame.view.js';
import { historyTable, tenantsTable } from './lists.view.js';
import type { PageContext } from '../page.js';

const { list, sections } = TEXTS;
const SORTS = [
  'updated',
  'tenant',
  'skipped',
  'quarantined',
  'lastTouchedAt',
] as const satisfies TenantSort[];

const ORDERS = ['descending', 'ascending'] as const;

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
