import type { RoundRecord } from 'nestjs-backfill/operate';
import type { OverviewData } from '../../reading/overview.reader.js';
import { TEXTS } from '../../texts.js';
import { count, duration, time } from '../format.js';
import { html, type Content } from '../html.js';
import { table, type Column } from './lists.view.js';

const { list, columns, rounds: texts, sections } = TEXTS;

const COLUMNS: readonly Column<RoundRecord>[] = [
  { head: list.at, cell: ({ endedAt }) => time(endedAt) },
  { head: texts.job, cell: ({ job }) => job },
  {
    head: texts.took,
    cell: ({ startedAt, endedAt }) => duration(Date.parse(endedAt) - Date.parse(startedAt)),
  },
  { head: texts.inspected, cell: ({ inspected }) => count(inspected), isNumber: true },
  { head: texts.ran, cell: ({ ran }) => count(ran), isNumber: true },
  { head: columns.updated, cell: ({ updated }) => count(updated), isNumber: true },
  { head: texts.problem, cell: ({ problem }) => problem },
  { head: TEXTS.facts.leasedBy, cell: ({ process }) => process },
];

/** The last rounds of catch-up; nothing where there has been none. */
export function roundsSection({ rounds: { value } }: Pick<OverviewData, 'rounds'>): Content {
  if (value === null || value.length === 0) return null;
  return html`<section aria-labelledby="rounds">
    <h2 id="rounds">${sections.rounds}</h2>
    ${table(sections.rounds, COLUMNS, value)}
  </section>`;
}
