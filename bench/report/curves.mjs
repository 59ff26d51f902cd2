import { lineChart } from './chart.mjs';
import { count, milliseconds } from './numbers.mjs';

/**
 * A way has the same style in every chart. People with colour blindness can distinguish the colours (Okabe
 * and Ito, 2008, darkened for text), and the dashes work in black and white.
 * @type {Record<string, import('./chart.mjs').Style>}
 */
const STYLES = {
  none: { colour: '#6b6b6b', dash: '3 3' },
  'library pause 0': { colour: '#0072b2' },
  'library defaults': { colour: '#0072b2' },
  'library 2 workers': { colour: '#00795a', dash: '12 3' },
  'one UPDATE': { colour: '#c04f00', dash: '8 4' },
  'predicate-only loop': { colour: '#8c6d1f', dash: '10 3 2 3' },
};
const NAMES = /** @type {Record<string, string>} */ ({
  none: 'nothing else',
  'library 2 workers': '2 workers',
});

/** @param {readonly import('./plot.mjs').Curve[]} curves @returns {import('./chart.mjs').Line[]} */
const lines = (curves) =>
  curves.map(({ name, points }) => ({
    name: NAMES[name] ?? name,
    style: STYLES[name] ?? { colour: '#000000' },
    points,
  }));

/**
 * The charts of the documentation, by file name.
 * @param {import('./plot.mjs').Curves} curves
 * @param {string} subtitle the server and the machine
 * @returns {Record<'rows-per-second' | 'p99', string>}
 */
export function drawCurves({ rowsPerSecond, p99 }, subtitle) {
  return {
    'rows-per-second': lineChart({
      title: 'Rows changed per second',
      subtitle,
      curves: lines(rowsPerSecond),
      scale: 'linear',
      label: count,
    }),
    p99: lineChart({
      title: 'A user’s point updates meanwhile, p99',
      subtitle,
      curves: lines(p99),
      scale: 'logarithmic',
      label: milliseconds,
    }),
  };
}
