import type { TableName } from '../../classification/statement.types.js';
import type { Extent } from '../read-extent.js';
import { tablesRead } from '../tables-read.js';
import { type Json, nodeOf } from '../../parser/parser-nodes.js';
import { fullTableName, type StatementInspection, withTable } from '../statement-inspection.js';
import { isSameName } from '../table-names.js';

/** SELECT: rows that it locks, and tables that it reads while the transaction makes others wait. */
export function readTables(on: StatementInspection): void {
  const reads = tablesRead(on.ddl.fields);
  for (const { table, extent, locksRows } of reads) {
    if (locksRows && extent !== 'some')
      on.report('rows-locked', {
        table,
        blocks: 'writes',
        message: `the query locks every row of ${fullTableName(table)}, and writes of them wait until the transaction ends`,
      });
    if (isWhole(on, table, extent))
      reportScan(on, table, `the query reads every row of ${fullTableName(table)}`);
  }
}

/** Of a table whose size is not known, only a read that is certainly whole is a danger. */
function isWhole(on: StatementInspection, table: TableName, extent: Extent): boolean {
  if (typeof extent === 'string' && extent !== 'perhaps all') return extent === 'all';
  if (on.context.doubts === 'reported') return true;
  const isKnown = on.context.catalog?.table(table)?.isSmall !== undefined;
  if (extent === 'perhaps all') return isKnown;
  return isKnown && extent.allWithoutIndexOf.some((column) => on.column(table, column).isIndexed === false);
}

/** The query of CREATE TABLE AS and CREATE MATERIALIZED VIEW. */
export function readForTable(on: StatementInspection): void {
  const { query, into } = on.ddl.fields;
  const select = nodeOf(query, 'SelectStmt');
  if (
    !select ||
    nodeOf(into, 'IntoClause')?.['skipData'] === true ||
    (into as Json | undefined)?.['skipData'] === true
  )
    return;
  for (const { table, extent } of tablesRead(select))
    if (isWhole(on, table, extent))
      reportScan(on, table, `the query reads every row of ${fullTableName(table)}`);
}

/** VALIDATE CONSTRAINT blocks nothing by itself, and neither does REFRESH … CONCURRENTLY. */
export function scanUnderLock(on: StatementInspection, table: TableName, what: string): void {
  reportScan(on, table, `${what} reads every row of ${fullTableName(table)}`);
}

/** While the statement reads, everything waits that waits for a lock of an earlier statement. */
function reportScan(on: StatementInspection, table: TableName, what: string): void {
  const held = on.heldLocks.filter(({ table: other }) => on.isLarge(other));
  if (
    held.length === 0 ||
    on.findings.some(
      (finding) =>
        finding.rule === 'scan-under-lock' && finding.table !== undefined && isSameName(finding.table, table),
    )
  )
    return;
  const waits = held.some(({ lock }) => lock === 'AccessExclusiveLock') ? 'reads and writes' : 'writes';
  const names = held.map((other) => fullTableName(other.table)).join(', ');
  on.report('scan-under-lock', {
    table,
    blocks: waits,
    message: `${what} while the transaction holds the lock of an earlier statement, so that ${waits} of ${names} wait for it`,
    alsoLocks: held.reduce<readonly TableName[]>((all, other) => withTable(all, other.table), []),
  });
}
