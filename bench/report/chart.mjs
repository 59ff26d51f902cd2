import { at, drawing, escape, text } from './svg.mjs';

const WIDTH = 760;
const HEIGHT = 440;
const PLOT = { left: 78, right: 560, top: 64, bottom: 376 };
/** The style of a line. @typedef {{ colour: string, dash?: string }} Style */
/**
 * A line with its name.
 * @typedef {{ name: string, style: Style, points: readonly { rows: number, value: number }[] }} Line
 */

/** @typedef {(value: number) => number} Scale from a value to a place between 0 and 1 */

/**
 * A line chart as SVG. The size of the table is on a logarithmic axis. Each way has one line, with its name
 * at the end.
 *
 * @param {object} chart
 * @param {string} chart.title
 * @param {string} chart.subtitle
 * @param {readonly Line[]} chart.curves
 * @param {'linear' | 'logarithmic'} chart.scale of the values
 * @param {(value: number) => string} chart.label of a value
 * @returns {string}
 */
export function lineChart({ title, subtitle, curves, scale, label }) {
  const points = curves.flatMap((curve) => curve.points);
  const sizes = [...new Set(points.map(({ rows }) => rows))].sort((a, b) => a - b);
  const across = logarithmic(Math.min(...sizes), Math.max(...sizes));
  const values = points.map(({ value }) => value);
  const ticks = scale === 'linear' ? linearTicks(Math.max(...values)) : logarithmicTicks(values);
  const up =
    scale === 'linear' ? linear(0, ticks.at(-1) ?? 1) : logarithmic(ticks[0] ?? 1, ticks.at(-1) ?? 10);
  const x = (/** @type {number} */ rows) => PLOT.left + across(rows) * (PLOT.right - PLOT.left);
  const y = (/** @type {number} */ value) => PLOT.bottom - up(value) * (PLOT.bottom - PLOT.top);
  const places = withoutOverlap(
    curves.map(({ points }) => ({ x: x(points.at(-1)?.rows ?? 1), y: y(points.at(-1)?.value ?? 0) })),
  );

  return drawing({ width: WIDTH, height: HEIGHT, left: PLOT.left, title, subtitle }, [
    ...ticks.flatMap((tick) => [
      `<line x1="${PLOT.left}" x2="${PLOT.right}" y1="${at(y(tick))}" y2="${at(y(tick))}" stroke="#e2e2e2"/>`,
      text(PLOT.left - 8, y(tick) + 4, label(tick), 'text-anchor="end" fill="#555555"'),
    ]),
    ...sizes.flatMap((rows) => [
      `<line x1="${at(x(rows))}" x2="${at(x(rows))}" y1="${PLOT.bottom}" y2="${PLOT.bottom + 5}" stroke="#888888"/>`,
      text(x(rows), PLOT.bottom + 21, short(rows), 'text-anchor="middle" fill="#555555"'),
    ]),
    `<line x1="${PLOT.left}" x2="${PLOT.right}" y1="${PLOT.bottom}" y2="${PLOT.bottom}" stroke="#888888"/>`,
    text(
      (PLOT.left + PLOT.right) / 2,
      PLOT.bottom + 44,
      'rows of the table',
      'text-anchor="middle" fill="#555555"',
    ),
    ...curves.flatMap(({ name, style: { colour, dash }, points }) => [
      `<polyline points="${points.map(({ rows, value }) => `${at(x(rows))},${at(y(value))}`).join(' ')}" fill="none" stroke="${colour}" stroke-width="2.5"${dash ? ` stroke-dasharray="${dash}"` : ''}/>`,
      ...points.map(
        ({ rows, value }) =>
          `<circle cx="${at(x(rows))}" cy="${at(y(value))}" r="3.5" fill="${colour}"><title>${escape(`${name}, ${short(rows)} rows: ${label(value)}`)}</title></circle>`,
      ),
    ]),
    // Names are drawn last, with a white outline, because they may cross a line.
    ...curves.flatMap(({ name, style: { colour }, points }, index) => {
      const end = points.at(-1);
      const place = (places[index] ?? 0) + 4;
      const style = `fill="${colour}" font-weight="600" stroke="#ffffff" stroke-width="4" paint-order="stroke"`;
      return end ? [text(x(end.rows) + 10, place, `${name}: ${label(end.value)}`, style)] : [];
    }),
  ]);
}

/** @param {number} from @param {number} to @returns {Scale} */
const linear = (from, to) => (value) => (value - from) / (to - from || 1);

/** @param {number} from @param {number} to @returns {Scale} */
const logarithmic = (from, to) => (value) => linear(Math.log(from), Math.log(to))(Math.log(value));

/** About five round numbers from 0 to beyond the highest value. @param {number} highest */
function linearTicks(highest) {
  const power = 10 ** Math.floor(Math.log10(highest / 4));
  const step =
    [1, 2, 5, 10].map((factor) => factor * power).find((size) => highest / size <= 5) ?? power * 10;
  return Array.from({ length: Math.ceil(highest / step) + 1 }, (_, n) => n * step);
}

/** The powers of ten around all values. @param {readonly number[]} values */
function logarithmicTicks(values) {
  const from = Math.floor(Math.log10(Math.min(...values)));
  const to = Math.max(from + 1, Math.ceil(Math.log10(Math.max(...values))));
  return Array.from({ length: to - from + 1 }, (_, n) => 10 ** (from + n));
}

/** Positions of the names, so that none covers another. @param {readonly { x: number, y: number }[]} ends */
function withoutOverlap(ends) {
  /** @type {Map<number, number>} */
  const lowest = new Map();
  const places = ends.map(({ y }) => y);
  for (const end of [...ends].sort((a, b) => a.y - b.y)) {
    const place = Math.max(end.y, (lowest.get(end.x) ?? -Infinity) + 17);
    lowest.set(end.x, place);
    places[ends.indexOf(end)] = place;
  }
  return places;
}

const short = (/** @type {number} */ rows) =>
  rows >= 1_000_000 ? `${rows / 1_000_000}M` : rows >= 1_000 ? `${Math.round(rows / 1_000)}k` : String(rows);
