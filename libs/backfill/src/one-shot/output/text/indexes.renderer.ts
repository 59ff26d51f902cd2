import type { PresentIndex } from '../../../indexes/index.presence.js';
import type { IndexOutcome, IndexReport, UndeclaredIndex } from '../../../indexes/index.report.js';
import {
  isBuilt,
  whatDiffers,
  whyNotBuilt,
  type DataSourceIndexes,
  type IndexesReport,
  type IndexesStatus,
} from '../../../indexes/indexes.report.js';
import { printable, printableLine, printableLines, renderDuration } from '../../../text/format.js';

const OUTCOMES = {
  done: 'Built: every declared index is there.',
  'nothing-to-do': 'Nothing to build: every declared index is there.',
  warnings: 'Not every declared index is there as declared, which stops no deployment.',
} as const satisfies Record<IndexOutcome, string>;

/** What came of the indexes, for people. Ends with a line break. */
export function renderIndexes({ outcome, reason, dataSources }: IndexesReport): string {
  const lines = dataSources.flatMap((report) => renderDataSource(report, dataSources.length > 1));
  const end = [OUTCOMES[outcome], ...(reason ? [printableLine(reason)] : [])].join('\n');
  return `\n${[...(lines.length > 0 ? [lines.join('\n')] : []), end].join('\n\n')}\n`;
}

/** Which indexes are there, for people. Ends with a line break. */
export function renderIndexStatus({ dataSources }: IndexesStatus): string {
  const lines = dataSources.flatMap(({ indexes, undeclared }) => [
    ...indexes.map(renderPresence),
    ...undeclared.map((each) => `  ${renderUndeclared(each)}`),
  ]);
  return lines.length === 0 ? '\nNo index is declared.\n' : `\nIndexes:\n${lines.join('\n')}\n`;
}

function renderPresence(index: PresentIndex): string {
  const { name, table, presence } = index;
  const reason = presence === 'differs' ? whatDiffers(index) : index.reason;
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
  return `${printable(name)} on ${printable(table)}: no longer declared, left as it is`;
}

function renderDataSource(report: DataSourceIndexes, named: boolean): string[] {
  const { dataSource, indexes, undeclared, error } = report;
  return [
    ...(named ? [`Data source ${dataSource}:`] : []),
    ...indexes.map(renderIndex),
    ...undeclared.map(renderUndeclared),
    ...(error ? [printableLines(error.message)] : []),
  ];
}

function renderIndex(report: IndexReport): string {
  const { name, table, status, durationMs } = report;
  const which = `${printable(name)}${table === '' ? '' : ` on ${printable(table)}`}`;
  if (!isBuilt(status))
    return `${which}: ${status}\n  ${printableLines(whyNotBuilt(report)).replaceAll('\n', '\n  ')}`;
  return `${which}: ${status === 'exists' ? 'there' : `${status} in ${renderDuration(durationMs)}`}`;
}
