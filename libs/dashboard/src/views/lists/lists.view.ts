import type { HistoryEntry, QuarantineGroup, RangeRecord, RecordPage } from 'nestjs-backfill/operate';
import type { TenantReport } from 'nestjs-backfill/reports';
import { TEXTS } from '../../texts.js';
import { count, time } from '../format.js';
import { html, type Content, type Html } from '../html.js';
import type { PageContext } from '../page.js';
import { scrollingTable } from '../table.view.js';

const { list } = TEXTS;

/** A column of a table; a number is aligned to the right. */
export interface Column<Item> {
  readonly head: string;
  readonly cell: (item: Item) => Content;
  readonly isNumber?: true;
  /** How its cells break: not at all, or late. @default where there is no room */
  readonly breaks?: 'never' | 'late';
}

export function table<Item>(label: string, columns: readonly Column<Item>[], items: readonly Item[]): Html {
  if (items.length === 0) return html`<p>${list.empty}</p>`;
  return scrollingTable(
    { label, isStacked: true },
    columns.map(({ head }) => head),
    html`<tbody>
      ${items.map(
        (item) =>
          html`<tr>
            ${columns.map((column) => html`<td${classOf(column)} data-label="${column.head}">${column.cell(item)}</td>`)}
          </tr> `,
      )}
    </tbody>`,
  );
}

function classOf<Item>({ isNumber, breaks }: Column<Item>): Content {
  if (isNumber) return html` class="number"`;
  return breaks !== undefined && html` class="breaks-${breaks}"`;
}

export function tenantsTable({ items }: RecordPage<TenantReport>): Html {
  const { columns } = list;
  return table(
    TEXTS.sections.tenants,
    [
      { head: columns.tenant, cell: ({ tenant }) => tenant ?? list.noTenant },
      { head: columns.updated, cell: ({ updated }) => count(updated), isNumber: true },
      { head: columns.skipped, cell: ({ skipped }) => count(skipped), isNumber: true },
      { head: columns.quarantined, cell: ({ quarantined }) => count(quarantined), isNumber: true },
      { head: columns.lastTouchedAt, cell: ({ lastTouchedAt }) => time(lastTouchedAt) },
    ],
    items,
  );
}

export function quarantineTable(
  { links }: PageContext,
  name: string,
  groups: readonly QuarantineGroup[],
): Html {
  return table(
    TEXTS.sections.quarantine,
    [
      {
        head: list.rows,
        cell: ({ rows, error }) =>
          html`<a href="${links.to(['b', name, 'quarantine'], { error })}">${count(rows)}</a>`,
        isNumber: true,
      },
      { head: list.code, cell: ({ code }) => code },
      { head: list.error, cell: ({ example }) => example },
      { head: list.keys, cell: keys },
      { head: list.columns.lastTouchedAt, cell: ({ lastTriedAt }) => time(lastTriedAt) },
    ],
    groups,
  );
}

function keys({ rows, keys: shown }: QuarantineGroup): Content {
  const text = shown.map((key) => (key.length === 1 ? key[0] : `(${key.join(', ')})`)).join(', ');
  return `${text}${rows > shown.length ? ', …' : ''}`;
}

export function rangesTable({ items, total }: RecordPage<RangeRecord>): Html {
  const columns: readonly Column<RangeRecord>[] = [
    { head: list.range, cell: ({ id, state, purpose }) => `${id} ${purpose} ${state}`, breaks: 'late' },
    { head: TEXTS.facts.leasedBy, cell: ({ leasedBy }) => leasedBy, breaks: 'late' },
    { head: list.lease, cell: ({ leaseExpiresAt }) => time(leaseExpiresAt) },
    { head: list.cursor, cell: ({ lower, cursor, upper }) => `${cursor ?? lower ?? '…'} → ${upper ?? '…'}` },
    { head: TEXTS.columns.updated, cell: ({ updated }) => count(updated), isNumber: true },
    { head: TEXTS.facts.batches, cell: ({ batches }) => count(batches), isNumber: true },
  ];
  const hidden = total - items.length;
  return html`${table(TEXTS.sections.workers, columns, items)}${hidden > 0 && html`<p>+ ${count(hidden)}</p>`}`;
}

export function historyTable({ items }: RecordPage<HistoryEntry>): Html {
  return table(
    TEXTS.sections.history,
    [
      { head: list.at, cell: ({ at }) => time(at) },
      { head: list.what, cell: ({ what }) => what, breaks: 'never' },
      {
        head: list.change,
        cell: ({ before, after }) => [before, before !== null && ' → ', after],
        breaks: 'late',
      },
      { head: TEXTS.facts.reason, cell: ({ reason }) => reason },
      { head: list.by, cell: ({ actor }) => actor, breaks: 'late' },
    ],
    items,
  );
}
