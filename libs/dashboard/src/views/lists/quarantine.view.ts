import type { QuarantinedRow, RecordPage } from 'nestjs-backfill/operate';
import { keyToText } from '../../reading/key.text.js';
import { mayDo } from '../../security/access.js';
import { TEXTS } from '../../texts.js';
import { count, time } from '../format.js';
import { html, type Html } from '../html.js';
import { frame, paging, type ShownPart } from './list-frame.view.js';
import { table, type Column } from './lists.view.js';
import type { PageContext } from '../page.js';

const { list, sections } = TEXTS;

/** A part of the rows in quarantine. */
export interface QuarantineView {
  readonly name: string;
  /** Whether the application declares the backfill: otherwise nothing can be retried. */
  readonly isDeclared: boolean;
  readonly page: RecordPage<QuarantinedRow>;
  readonly query: ShownPart & { readonly error: string | null };
}

/** The rows in quarantine, one by one, to choose those that are retried. */
export function quarantinePage(
  context: PageContext,
  { name, isDeclared, page, query }: QuarantineView,
): Html {
  const mayRetry = isDeclared && mayDo(context.access, 'retry') && page.items.length > 0;
  const rows = table(sections.quarantine, mayRetry ? [CHOICE, ...COLUMNS] : COLUMNS, page.items);
  const { error } = query;
  return frame(context, { name, title: sections.quarantine }, [
    error !== null && html`<p><code>${error}</code></p>`,
    mayRetry
      ? html`<form method="get" action="${context.links.to(['b', name, 'confirm', 'retry'])}">
          <input type="hidden" name="rows" value="chosen" />
          ${rows}
          <p><button class="button retry">${list.retryChosen}</button></p>
        </form>`
      : rows,
    paging(
      context,
      { name, list: 'quarantine', total: page.total, query: error === null ? {} : { error } },
      query,
    ),
  ]);
}

const CHOICE: Column<QuarantinedRow> = {
  head: list.choice,
  cell: ({ key }) =>
    html`<input
      type="checkbox"
      name="key"
      value="${keyToText(key)}"
      aria-label="${list.choose(keyToText(key))}"
    />`,
};
const COLUMNS: readonly Column<QuarantinedRow>[] = [
  { head: list.key, cell: ({ key }) => keyToText(key) },
  { head: list.tenant, cell: ({ tenant }) => tenant },
  { head: list.code, cell: ({ code }) => code },
  { head: list.error, cell: ({ error }) => error },
  { head: list.attempts, cell: ({ attempts }) => count(attempts), isNumber: true },
  { head: list.firstTried, cell: ({ firstTriedAt }) => time(firstTriedAt) },
  { head: list.columns.lastTouchedAt, cell: ({ lastTriedAt }) => time(lastTriedAt) },
];
