import type { SamplePoint } from 'nestjs-backfill/operate';
import { TEXTS } from '../texts.js';
import { count, time } from './format.js';
import { html, type Html } from './html.js';
import { scrollingTable } from './table.view.js';

const WIDTH = 720;
const HEIGHT = 120;
const MAX_TABLE_ROWS = 30;

/** The rate, the pending rows and the throttled stretches over time: as a picture, and as a table for readers. */
export function chart(points: readonly SamplePoint[]): Html {
  const [first] = points;
  const last = points.at(-1);
  if (first === undefined || last === undefined) return html`<p>${TEXTS.chart.empty}</p>`;
  // One point is no line.
  if (first === last) return html`<p>${TEXTS.chart.single(count(first.rowsPerSecond))} ${time(first.at)}</p>`;
  const start = Date.parse(first.at);
  const span = Math.max(1, Date.parse(last.at) - start);
  const x = (point: SamplePoint) => ((Date.parse(point.at) - start) / span) * WIDTH;
  return html`<figure>
      ${plot(TEXTS.chart.rate, points, { x, value: (point) => point.rowsPerSecond, held: true })}
      ${plot(TEXTS.chart.remaining, points, { x, value: (point) => point.remaining, held: false })}
      <figcaption>${time(first.at)} – ${time(last.at)}</figcaption>
    </figure>
    <details>
      <summary>${TEXTS.list.more}</summary>
      ${asTable(points)}
    </details>`;
}

interface Plot {
  readonly x: (point: SamplePoint) => number;
  readonly value: (point: SamplePoint) => number | null;
  /** Whether to mark the stretches in which a throttle held the run. */
  readonly held: boolean;
}

function plot(title: string, points: readonly SamplePoint[], { x, value, held }: Plot): Html | null {
  const known = points.flatMap((point) => {
    const own = value(point);
    return own === null ? [] : [{ at: x(point), value: own }];
  });
  if (known.length === 0) return null;
  const max = Math.max(1, ...known.map((point) => point.value));
  const line = known.map(
    (point) => `${point.at.toFixed(1)},${(HEIGHT - (point.value / max) * HEIGHT).toFixed(1)}`,
  );
  const bands = held ? points.filter(({ throttled }) => throttled > 0.1) : [];
  const width = Math.max(2, WIDTH / points.length);
  return html`<p class="chart-title">
      ${title}: max
      ${count(Math.round(max))}${bands.length > 0 && html` · <span class="held-key">${TEXTS.chart.throttled}</span>`}
    </p>
    <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${title}">
      ${bands.map((point) => html`<rect class="held" x="${Math.max(0, x(point) - width).toFixed(1)}" y="0" width="${width.toFixed(1)}" height="${HEIGHT}" />`)}
      <polyline points="${line.join(' ')}" />
    </svg>`;
}

function asTable(points: readonly SamplePoint[]): Html {
  const heads = [TEXTS.chart.time, TEXTS.chart.rate, TEXTS.chart.remaining, TEXTS.columns.waiting];
  return scrollingTable(
    { label: TEXTS.sections.samples },
    heads,
    html`<tbody>
      ${points.slice(-MAX_TABLE_ROWS).map(
        (point) =>
          html`<tr>
            <td>${time(point.at)}</td>
            <td class="number">${count(point.rowsPerSecond)}</td>
            <td class="number">${point.remaining === null ? '' : count(point.remaining)}</td>
            <td>${point.waitingFor}</td>
          </tr>`,
      )}
    </tbody>`,
  );
}
