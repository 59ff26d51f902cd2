import { at, drawing, text } from './svg.mjs';

const WIDTH = 860;
const TOP = 84;
const ROW = 24;
const NAMES = 232;
const GAP = 26;
const RIGHT = 58;

/**
 * @typedef {object} Panel
 * @property {string} title
 * @property {number} [mark] a value with a line, e.g. 1 for "as much as one UPDATE"
 * @property {(value: number) => string} label
 */
/** @typedef {{ name: string, colour: string, values: readonly (number | undefined)[] }} BarRow one value for each panel */

/**
 * Bars in panels side by side: a row for each way, a panel for each number.
 * @param {{ title: string, subtitle: string, panels: readonly Panel[], rows: readonly BarRow[] }} chart
 * @returns {string} SVG
 */
export function barChart({ title, subtitle, panels, rows }) {
  const height = TOP + rows.length * ROW + 18;
  const width = (WIDTH - NAMES - GAP * panels.length) / panels.length;
  return drawing({ width: WIDTH, height, left: 16, title, subtitle }, [
    ...rows.map(({ name }, index) => text(NAMES - 8, TOP + index * ROW + 15, name, 'text-anchor="end"')),
    ...panels.flatMap((panel, number) => {
      const left = NAMES + number * (width + GAP);
      const values = rows.map((row) => row.values[number]);
      const most = Math.max(panel.mark ?? 0, ...values.map((value) => value ?? 0)) || 1;
      const x = (/** @type {number} */ value) => left + (value / most) * (width - RIGHT);
      return [
        text(left, TOP - 12, panel.title, 'font-weight="600"'),
        ...rows.flatMap(({ colour }, index) => bar(values[index], { x, left, index, colour, panel })),
        ...(panel.mark === undefined ? [] : [markLine(x(panel.mark), rows.length)]),
      ];
    }),
  ]);
}

/**
 * @param {number | undefined} value
 * @param {{ x: (value: number) => number, left: number, index: number, colour: string, panel: Panel }} place
 */
function bar(value, { x, left, index, colour, panel }) {
  const y = TOP + index * ROW;
  if (value === undefined) return [text(left, y + 15, 'not measured', 'fill="#888888"')];
  return [
    `<rect x="${at(left)}" y="${at(y + 3)}" width="${at(Math.max(1, x(value) - left))}" height="${ROW - 8}" rx="2" fill="${colour}"/>`,
    text(x(value) + 6, y + 15, panel.label(value), 'fill="#333333"'),
  ];
}

/** @param {number} x @param {number} rows */
const markLine = (x, rows) =>
  `<line x1="${at(x)}" x2="${at(x)}" y1="${TOP - 4}" y2="${TOP + rows * ROW}" stroke="#555555" stroke-dasharray="4 3"/>`;
