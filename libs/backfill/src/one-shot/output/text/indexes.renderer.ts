import { formatDuration } from '../reader.format.js';
import type { DeclaredIndexState } from '../../../indexes/catalog/index.presence.js';
import type { IndexOutcome, IndexReport, UndeclaredIndex } from '../../../indexes/index.report.js';
import {
  isBuilt,
  describeDifference,
  describeFailure,
  type DataSourceIndexes,
  type IndexesReport,
  type IndexesStatus,
} from '../../../indexes/indexes.report.js';
import { printable, printableLine, printableLines } from './printable.js';

const NO_INDEX_DECLARED = 'No index is declared.';

const OUTCOMES = {
  done: 'Built: every declared index exists.',
  'nothing-to-do': 'Nothing to build: every declared index exists.',
  warnings: 'Not every declared index exists as declared. This does not stop a deployment.',
} as const satisfies Record<IndexOutcome, string>;

const OUTCOMES_WHILE_WAITING = {
  ...OUTCOMES,
  done: 'Built: every other declared index exists.',
  'nothing-to-do': 'Nothing to build now: every other declared index exists.',
} as const satisfies Record<IndexOutcome, string>;

/** The result of the indexes phase. Ends with a line break. */
export function renderIndexes({ outcome, reason, dataSources }: IndexesReport): string {
  const lines = dataSources.flatMap((report) => [
    ...(dataSources.length > 1 ? [`Data source ${report.dataSource}:`] : []),
    ...renderDataSource(report),
  ]);
  if (outcome === 'nothing-to-do' && lines.length === 0) return `\n${NO_INDEX_DECLARED}\n`;
  const isWaiting = dataSources.some(({ indexes }) => indexes.some(({ status }) => status === 'waiting'));
  const end = [
    (isWaiting ? OUTCOMES_WHILE_WAITING : OUTCOMES)[outcome],
    ...(reason ? [printableLine(reason)] : []),
  ].join('\n');
  return `\n${[...(lines.length > 0 ? [lines.join('\n')] : []), end].join('\n\n')}\n`;
}

/** Which declared indexes exist. Ends with a line break. */
export function renderIndexStatus({ dataSources }: IndexesStatus): string {
  const lines = dataSources.flatMap(({ indexes, undeclared }) => [
    ...indexes.map(renderPresence),
    ...undeclared.map((index) => `  ${renderUndeclared(index)}`),
  ]);
  return lines.length === 0 ? `\n${NO_INDEX_DECLARED}\n` : `\nIndexes:\n${lines.join('\n')}\n`;
}

function renderPresence(index: DeclaredIndexState): string {
  const { name, table, presence } = index;
  const reason = presence === 'differs' ? describeDifference(index) : index.reason;
  return [
    `  ${printable(name)}`,
    table && ` on ${printable(table)}`,
    `: ${presence}`,
    reason && `. ${printableLine(reason)}`,
  ]
    .filter(Boolean)
    .join('');
}

function renderUndeclared({ name, table }: UndeclaredIndex): string {
  return `${printable(name)} on ${printable(table)}: no longer declared; it was not changed`;
}

function renderDataSource({ indexes, undeclared, error }: DataSourceIndexes): string[] {
  return [
    ...indexes.map(renderIndex),
    ...undeclared.map(renderUndeclared),
    ...(error ? [printableLines(error.message)] : []),
  ];
}

function renderIndex(report: IndexReport): string {
  const { name, table, status, durationMs } = report;
  const title = `${printable(name)}${table === '' ? '' : ` on ${printable(table)}`}: ${status}`;
  if (!isBuilt(status))
    return `${title}\n  ${printableLines(describeFailure(report)).replaceAll('\n', '\n  ')}`;
  return status === 'exists' ? title : `${title} in ${formatDuration(durationMs)}`;
}
