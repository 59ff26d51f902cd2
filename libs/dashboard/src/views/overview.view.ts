import type { BackfillStatus } from 'nestjs-backfill';
import type { BackfillOverview } from 'nestjs-backfill/operate';
import type { OverviewData } from '../reading/overview.reader.js';
import { TEXTS } from '../texts.js';
import { attention } from './attention.view.js';
import { count, duration, percent, wait } from './format.js';
import { html, type Content, type Html } from './html.js';
import { layout } from './layout.view.js';
import type { PageContext } from './page.js';
import { roundsSection } from './lists/rounds.view.js';
import { phases } from './phases.view.js';
import { statusBadge } from './states/badge.view.js';
import { scrollingTable } from './table.view.js';

const { columns } = TEXTS;

/** What an operator looks for comes first: 200 complete backfills must not hide one that runs. */
const ORDER = {
  failed: 0,
  running: 1,
  paused: 2,
  incomplete: 3,
  pending: 4,
  cancelled: 5,
  complete: 6,
} as const satisfies Record<BackfillStatus, number>;

/** The first page: what runs, why something waits, and what needs a person. */
export function overviewPage(context: PageContext, data: OverviewData): Html {
  // Those of the same status stay in the order of their dependencies.
  const backfills = [...data.overview.backfills].sort((a, b) => ORDER[a.status] - ORDER[b.status]);
  return layout(context, {
    title: TEXTS.title,
    liveFrom: context.links.to(['api', 'v1', 'overview']),
    main: [
      html`<h1>${TEXTS.title}</h1>`,
      attention(context, data),
      phases(context, data),
      html`<section aria-labelledby="list">
        <h2 id="list">${TEXTS.phases.backfills}</h2>
        ${backfills.length === 0 ? html`<p>${TEXTS.none}</p>` : table(context, backfills)}
      </section>`,
      roundsSection(data),
    ],
  });
}

function table(context: PageContext, backfills: readonly BackfillOverview[]): Html {
  const heads = [columns.backfill, columns.status, columns.progress, columns.updated, columns.rate];
  const more = [columns.left, columns.quarantined, columns.targets, columns.waiting];
  return scrollingTable(
    { headingId: 'list', isStacked: true },
    [...heads, ...more],
    html`<tbody>
      ${backfills.map((backfill) => row(context, backfill))}
    </tbody>`,
  );
}

function row({ links }: PageContext, backfill: BackfillOverview): Html {
  const { name, status, updated, rowsPerSecond, remainingMs, quarantined } = backfill;
  const cell = (field: string, value: Content) => html`<td class="number" data-bind="${field}">${value}</td>`;
  return html`<tr data-backfill="${name}" data-status="${status}">
    <th scope="row">
      <a href="${links.to(['b', name])}">${name}</a
      >${!backfill.declared && html` <small>${TEXTS.undeclared}</small>`}
    </th>
    <td>${statusBadge(status)}</td>
    <td>${progress(backfill)}</td>
    ${cell('updated', count(updated))}${cell('rowsPerSecond', rowsPerSecond === null ? '' : count(rowsPerSecond))}${cell('remainingMs', remainingMs === null ? '' : duration(remainingMs))}${cell('quarantined', count(quarantined))}
    <td class="number targets-done">${targetsDone(backfill)}</td>
    <td data-bind="waitingFor">${wait(backfill.waitingFor, backfill.waitingSince)}</td>
  </tr> `;
}

function targetsDone({ targets: { total, byStatus } }: BackfillOverview): string {
  return total > 1 ? `${count(byStatus.complete ?? 0)}/${count(total)}` : '';
}

function progress({ name, fraction }: BackfillOverview): Content {
  if (fraction === null) return null;
  return html`<progress
      max="1"
      value="${fraction.toFixed(3)}"
      aria-label="${columns.progress} ${name}"
      data-bind="fraction"
    ></progress>
    <span data-bind="fraction">${percent(fraction)}</span>`;
}
