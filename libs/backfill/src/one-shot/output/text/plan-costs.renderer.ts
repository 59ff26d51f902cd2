import { formatBytes, formatCount, formatDuration } from '../reader.format.js';
import type { BackfillPlan } from '../../../report/plan.js';
import type { ReplicaPrediction, RunPrediction, WayCost, WayName } from '../../../report/run-prediction.js';
import { formatPercentage } from '../../../text/quantity.format.js';
import { printable } from './printable.js';
import { renderTable } from './table.renderer.js';

const WAYS = {
  default: 'a default of the column (ADD COLUMN … DEFAULT)',
  'virtual-column': 'a virtual generated column',
  stripes: 'sweep in page order, in stripes',
  'page-order': 'sweep in page order',
  'key-order': 'sweep in key order',
  'repack-first': 'lower fillfactor and repack, then stripes',
  'one-update': 'one UPDATE',
} as const satisfies Record<WayName, string>;

/** What the run costs, and the cheapest way. */
export function renderCosts({ prediction, ways }: BackfillPlan): string[] {
  if (prediction === null) return [];
  return [
    `Expected: ${renderPrediction(prediction)}`,
    `Vacuum:   ${renderVacuum(prediction)}`,
    ...prediction.replicas.map((replica) => `Replica:  ${renderReplica(replica)}`),
    ...renderCheapest(ways, prediction),
  ];
}

function renderPrediction(prediction: RunPrediction): string {
  const { ms, walBytes, tableGrowthBytes, indexGrowthBytes, heapOnlyShare } = prediction;
  return (
    `~${formatDuration(ms)}, ~${formatBytes(walBytes)} of WAL; the table grows by ~${formatBytes(tableGrowthBytes)}, ` +
    `its indexes by ~${formatBytes(indexGrowthBytes)}; ${formatPercentage(heapOnlyShare, { isEstimate: true })} of the updates are heap-only`
  );
}

function renderVacuum({ deadRows, autovacuumFrom }: RunPrediction): string {
  const rows = `~${formatCount(deadRows)} dead rows`;
  if (autovacuumFrom === null) return `${rows}; autovacuum is off for the table`;
  const threshold = `threshold of ${formatCount(autovacuumFrom)} dead rows`;
  return deadRows > autovacuumFrom
    ? `${rows}, above autovacuum's ${threshold}: it will vacuum the table`
    : `${rows}, below autovacuum's ${threshold}`;
}

function renderReplica({ name, lagBytes, replayedPerSecond, writtenPerSecond }: ReplicaPrediction): string {
  const written = `the run writes ${formatBytes(writtenPerSecond)}/s`;
  if (lagBytes === null || replayedPerSecond === null)
    return `"${printable(name)}": its lag is hidden from this role; ${written}`;
  const shown = `"${printable(name)}" replayed ${formatBytes(replayedPerSecond)}/s during the plan and is ${formatBytes(lagBytes)} behind; ${written}`;
  return writtenPerSecond <= replayedPerSecond
    ? `${shown}: it keeps up`
    : `${shown}: whether it keeps up is not known`;
}

/**
 * The cheapest way, and how much it saves against one UPDATE and against the declared way; without a row to write, the
 * whole run with its pauses.
 */
function renderCheapest(ways: readonly WayCost[], run: RunPrediction): string[] {
  const [cheapest] = ways;
  const declared = ways.find(({ isDeclared }) => isDeclared);
  const update = ways.at(-1);
  if (!cheapest || !update || !declared) return [];
  const name = `${WAYS[cheapest.way]}${cheapest.isDeclared ? ', as declared' : ''}`;
  if (cheapest.walBytes === 0)
    return [
      `Cheapest: ${name}: no row is written, which saves the run: ~${formatDuration(run.ms)} and ~${formatBytes(run.walBytes)} of WAL. It fits if every row shall have this value.`,
    ];
  const share = `${ratio(cheapest.ms, update.ms)} of the time of one UPDATE, ${ratio(cheapest.walBytes, update.walBytes)} of its WAL`;
  const saved = cheapest.isDeclared
    ? ''
    : `; ~${formatDuration(declared.ms - cheapest.ms)} less than as declared`;
  return [`Cheapest: ${name}: ${share}${saved}`];
}

/** What each way would cost. */
export function renderWays(ways: readonly WayCost[]): string[] {
  const update = ways.at(-1);
  if (!update) return [];
  const rows = ways.map(({ way, ms, walBytes, growthBytes, isDeclared }) => [
    `${WAYS[way]}${isDeclared ? ' (declared)' : ''}`,
    formatDuration(ms),
    ratio(ms, update.ms),
    formatBytes(walBytes),
    ratio(walBytes, update.walBytes),
    formatBytes(growthBytes),
    ratio(growthBytes, update.growthBytes),
  ]);
  const header = ['', 'time', '', 'WAL', '', 'growth', ''];
  return [
    'Ways, with one worker and no pause; ratios against one UPDATE:',
    ...renderTable([header, ...rows]).map((line) => `  ${line}`),
  ];
}

function ratio(part: number, whole: number): string {
  return whole > 0 ? (part / whole).toFixed(2) : '–';
}
