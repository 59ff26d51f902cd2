import type { OverviewData } from '../reading/overview.reader.js';
import { TEXTS } from '../texts.js';
import { rows } from './format.js';
import { html, type Html } from './html.js';
import type { PageContext } from './page.js';

const { attentionOf } = TEXTS;

/** The banner for whatever needs a person. */
export function attention({ links }: PageContext, data: OverviewData): Html {
  const items = [...backfillItems(links, data), ...phaseItems(data)];
  if (items.length === 0) return html`<p class="calm" role="status">${TEXTS.attention.none}</p>`;
  return html`<section class="attention" aria-labelledby="attention">
    <h2 id="attention">${TEXTS.attention.title}</h2>
    <ul>
      ${items.map((item) => html`<li>${item}</li>`)}
    </ul>
  </section>`;
}

function backfillItems(links: PageContext['links'], { overview }: OverviewData): readonly Html[] {
  return overview.backfills.flatMap(({ name, status, reason, quarantined }) => {
    const link = html`<a href="${links.to(['b', name])}">${name}</a>`;
    if (status === 'failed') return [html`${link} ${attentionOf.failed}: ${firstLine(reason)}`];
    if (status === 'paused') return [html`${link}: ${firstLine(reason)}`];
    return quarantined > 0 ? [html`${link}: ${attentionOf.quarantine(rows(quarantined))}`] : [];
  });
}

function phaseItems({ overview, migrations, indexes }: OverviewData): readonly Html[] {
  const unreadable = overview.unreadable.map(
    ({ dataSource, error }) => html`${attentionOf.unreadable} (${dataSource}): ${firstLine(error)}`,
  );
  const waiting = (migrations.value?.dataSources ?? []).flatMap((dataSource) =>
    dataSource.waiting.map(
      ({ name, waitsFor }) =>
        html`${attentionOf.migration}: ${name} (${waitsFor.map(({ backfill }) => backfill).join(', ')})`,
    ),
  );
  const wrong = (indexes.value?.dataSources ?? [])
    .flatMap((dataSource) => dataSource.indexes)
    .filter(({ presence }) => ['invalid', 'differs', 'misdeclared'].includes(presence))
    .map(({ name, presence, reason }) => html`${attentionOf.index}: ${name} (${presence}) ${reason ?? ''}`);
  return [...unreadable, ...waiting, ...wrong];
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? '';
}
