import type { OverviewData } from '../reading/overview.reader.js';
import type { PhaseRead } from '../reading/shared-read.js';
import { TEXTS } from '../texts.js';
import { html, type Content, type Html } from './html.js';
import type { PageContext } from './page.js';

const { phases: texts } = TEXTS;
const MAX_LISTED = 20;

/** The three phases in their order. */
export function phases(_context: PageContext, { overview, migrations, indexes }: OverviewData): Html {
  const statuses = new Map<string, number>();
  for (const { status } of overview.backfills) statuses.set(status, (statuses.get(status) ?? 0) + 1);
  const backfills = [...statuses].map(([status, number]) => `${number} ${status}`).join(', ');
  return html`<section aria-labelledby="phases">
    <h2 id="phases">${texts.title}</h2>
    <ol class="phases">
      <li>
        <h3>${texts.migrations}</h3>
        ${read(migrations, migrationsPhase)}
      </li>
      <li>
        <h3>${texts.indexes}</h3>
        ${read(indexes, indexesPhase)}
      </li>
      <li>
        <h3>${texts.backfills}</h3>
        <p>${backfills === '' ? TEXTS.none : backfills}</p>
      </li>
    </ol>
  </section>`;
}

function read<T>({ value, error }: PhaseRead<T>, show: (value: T) => Content): Content {
  if (error !== null) return html`<p>${texts.unreadable}: ${error}</p>`;
  return value === null ? html`<p data-unread>${texts.reading}</p>` : show(value);
}

function migrationsPhase({ dataSources }: NonNullable<OverviewData['migrations']['value']>): Html {
  const pending = dataSources.flatMap((each) =>
    each.pending.map((name) => ({ name, waiting: each.waiting.find((waiting) => waiting.name === name) })),
  );
  return html`<p>${texts.migrationsPending(pending.length)}</p>
    ${list(
      pending.map(
        ({ name, waiting }) =>
          html`${name}${waiting && html` – ${texts.waitsFor} ${waiting.waitsFor.map(({ backfill }) => backfill).join(', ')}`}`,
      ),
    )}`;
}

function indexesPhase({ dataSources }: NonNullable<OverviewData['indexes']['value']>): Html {
  const open = dataSources.flatMap(({ indexes }) => indexes).filter(({ presence }) => presence !== 'exists');
  return html`<p>${texts.indexesMissing(open.length)}</p>
    ${list(
      open.map(({ name, presence, reason }) => html`${name} – ${presence}${reason && html`: ${reason}`}`),
    )}`;
}

function list(items: readonly Html[]): Content {
  if (items.length === 0) return null;
  const hidden = items.length - MAX_LISTED;
  return html`<ul>
    ${items.slice(0, MAX_LISTED).map((item) => html`<li>${item}</li>`)}${hidden > 0 && html`<li>+ ${hidden}</li>`}
  </ul>`;
}
