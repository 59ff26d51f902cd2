import type { BackfillData } from '../reading/backfill.reader.js';
import { offeredActions } from '../actions/action.table.js';
import { mayDo } from '../security/access.js';
import { TEXTS } from '../texts.js';
import { chart } from './chart.view.js';
import { count, facts, time } from './format.js';
import { html, type Content, type Html } from './html.js';
import { layout } from './layout.view.js';
import { historyTable, quarantineTable, rangesTable, tenantsTable } from './lists/lists.view.js';
import { previewLink } from './lists/preview.view.js';
import { settingsTable } from './lists/settings.view.js';
import type { PageContext } from './page.js';
import { statusBadge } from './states/badge.view.js';
import { stateView } from './states/states.view.js';

const { sections, facts: names, chart: chartTexts } = TEXTS;
const SPANS = [
  ['1', chartTexts.lastHour],
  ['24', chartTexts.lastDay],
  ['168', chartTexts.lastWeek],
] as const;

/** The page of one backfill. @param done what an action has done, as a sentence */
export function backfillPage(context: PageContext, data: BackfillData, done: string | null): Html {
  const { overview, declaration } = data;
  const { name, status } = overview;
  return layout(context, {
    title: `${name} · ${TEXTS.title}`,
    liveFrom: context.links.to(['api', 'v1', 'overview']),
    main: [
      html`<h1>
        ${name} <span data-backfill="${name}" data-status="${status}">${statusBadge(status)}</span>
      </h1>`,
      done !== null && html`<p class="done" role="status">${done}</p>`,
      !overview.declared && removed(name),
      html`<div class="state" data-backfill="${name}">
        ${declaration === null ? html`<p>${overview.reason}</p>` : stateView(overview)}
      </div>`,
      actions(context, data),
      section('samples', sections.samples, [spans(context, name), chart(data.samples)]),
      section('facts', sections.facts, stateFacts(data)),
      data.quarantine.length > 0 &&
        section('quarantine', sections.quarantine, [
          quarantineTable(context, name, data.quarantine),
          html`<p><a href="${context.links.to(['b', name, 'quarantine'])}">${TEXTS.list.eachRow}</a></p>`,
        ]),
      section('workers', sections.workers, rangesTable(data.ranges)),
      declaration !== null && section('settings', sections.settings, settingsTable(declaration, data.status)),
      (declaration?.tenant ?? data.tenants.items[0]) && tenants(context, data),
      targets(data),
      section('history', sections.history, [
        historyTable(data.history),
        all(context, name, 'history', data.history.total),
      ]),
      declaration !== null && section('declaration', sections.declaration, declared(declaration)),
      declaration !== null && mayDo(context.access, 'plan') && plan(context, name),
      declaration !== null &&
        mayDo(context.access, 'rows') &&
        section('rows', sections.rows, previewLink(context, name)),
    ],
  });
}

export function section(id: string, title: string, content: Content): Html {
  return html`<section aria-labelledby="${id}">
    <h2 id="${id}">${title}</h2>
    ${content}
  </section>`;
}

function actions({ links, access }: PageContext, { overview }: BackfillData): Content {
  const { name } = overview;
  if (!overview.declared) return null;
  const offered = offeredActions(overview).filter((action) => mayDo(access, action));
  if (offered.length === 0) return null;
  return html`<nav class="actions" aria-label="${TEXTS.steer}">
    ${offered.map(
      (action) =>
        html`<a class="button ${action}" href="${links.to(['b', name, 'confirm', action])}"
          >${TEXTS.actions[action].name}</a
        > `,
    )}
  </nav>`;
}

function spans({ links }: PageContext, name: string): Html {
  return html`<nav aria-label="${sections.samples}">
    ${SPANS.map(([hours, text]) => html`<a href="${links.to(['b', name], { hours })}#samples">${text}</a> `)}
  </nav>`;
}

function stateFacts({ overview, status }: BackfillData): Html {
  const { pace } = status;
  return facts([
    [names.table, overview.target],
    [names.dataSource, overview.dataSource],
    [names.version, overview.version],
    [TEXTS.columns.updated, count(overview.updated)],
    [names.batches, count(overview.batches)],
    [names.skipped, overview.skipped > 0 && count(overview.skipped)],
    [TEXTS.columns.quarantined, overview.quarantined > 0 && count(overview.quarantined)],
    [names.started, time(overview.startedAt)],
    [names.changed, time(overview.changedAt)],
    [names.completed, time(overview.completedAt)],
    [names.leasedBy, overview.leasedBy],
    [names.limitedBy, pace?.limitedBy],
    [names.sealedBy, overview.sealedBy],
    [names.probed, time(overview.probedAt)],
  ]);
}

function tenants(context: PageContext, { tenants: page, overview: { name } }: BackfillData): Html {
  return section('tenants', sections.tenants, [
    tenantsTable(page),
    all(context, name, 'tenants', page.total),
  ]);
}

function all({ links }: PageContext, name: string, list: 'history' | 'tenants', total: number): Html {
  return html`<p><a href="${links.to(['b', name, list])}">${TEXTS.list.all}: ${count(total)}</a></p>`;
}

function targets({ status: { otherTargets } }: BackfillData): Content {
  if (otherTargets.total === 0) return null;
  const { total, complete, first } = otherTargets;
  return section('targets', sections.targets, [
    html`<p>${count(complete)}/${count(total)} ${TEXTS.states.complete.name}</p>`,
    html`<ul class="targets">
      ${first.map(({ target, status, reason }) => html`<li>${target} ${statusBadge(status)} ${reason}</li>`)}
    </ul>`,
  ]);
}

/** The ledger has it, but its class is gone: what that means, and what to do. */
function removed(name: string): Html {
  const { title, meaning, onPurpose, byMistake } = TEXTS.removed;
  return html`<section class="attention" aria-labelledby="removed">
    <h2 id="removed">${title}</h2>
    <p>${meaning}</p>
    <ul>
      <li>${onPurpose(name)}</li>
      <li>${byMistake}</li>
    </ul>
  </section>`;
}

function declared(declaration: NonNullable<BackfillData['declaration']>): Html {
  const { kind, className, where, key, tenant, dependsOn, index } = declaration;
  return html`${facts([
    [names.kind, kind],
    [names.className, className],
    [names.where, html`<code>${where}</code>`],
    [names.key, key.join(', ')],
    [names.tenant, tenant],
    [names.dependsOn, dependsOn.join(', ')],
    [names.index, index],
  ])} `;
}

function plan({ links }: PageContext, name: string): Html {
  return section(
    'plan',
    sections.plan,
    html`<p>${TEXTS.plan.intro}</p>
      <p><a class="button" href="${links.to(['b', name, 'plan'])}">${TEXTS.plan.make}</a></p>`,
  );
}
