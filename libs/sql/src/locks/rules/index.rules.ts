import type { TableName } from '../../classification/statement.types.js';
import { hasOption } from '../../classification/statement-kinds.js';
import { nodesOf, text } from '../../parser/parser-nodes.js';
import { fullTableName, type StatementInspection } from '../statement-inspection.js';
import { droppedNames, tableOf } from '../table-names.js';

export function createIndex(on: StatementInspection): void {
  const { fields } = on.ddl;
  const table = tableOf(fields['relation']);
  if (!table) return;
  const index = text(fields['idxname']);
  const columns = nodesOf(fields['indexParams'], 'IndexElem')
    .map(({ name }) => text(name))
    .filter((column) => column !== undefined);
  if (index !== undefined && fields['if_not_exists'] === true && on.existsIndex({ ...table, name: index }))
    return;
  if (index !== undefined) on.state.noteIndex({ ...table, name: index }, table, columns);
  for (const column of columns) on.state.noteColumn(table, column, { isIndexed: true });
  if (fields['concurrent'] === true) return;
  // ON ONLY of a partitioned table creates an index that has no rows. It is hardly written for other tables.
  if (isOnly(fields['relation']) && on.isPartitioned(table) !== false) return;
  on.report('index-not-concurrent', {
    table,
    message: `CREATE INDEX builds the index while writes to ${fullTableName(table)} wait`,
    names: index === undefined ? {} : { index },
  });
}

export function isOnly(relation: unknown): boolean {
  return (relation as { inh?: unknown } | undefined)?.inh !== true;
}

export function dropIndexes(on: StatementInspection): void {
  const { fields } = on.ddl;
  const indexes = droppedNames(fields);
  for (const index of indexes) on.state.dropped.dropRelation(index);
  if (fields['concurrent'] === true) return;
  for (const index of indexes) {
    const table = on.tableOfIndex(index);
    if (table === null || on.state.isNew(table)) continue;
    on.report('index-not-concurrent', {
      ...(table && { table }),
      lock: 'AccessExclusiveLock',
      scans: false,
      buildsIndex: false,
      message: `DROP INDEX waits for every query of ${table ? fullTableName(table) : 'the table'}, and every later query waits for it`,
      names: { index: fullTableName(index) },
    });
  }
}

export function reindex(on: StatementInspection): void {
  const { fields } = on.ddl;
  if (hasOption(fields['params'], 'concurrently')) return;
  const relation = tableOf(fields['relation']);
  const isIndex = fields['kind'] === 'REINDEX_OBJECT_INDEX';
  const table = isIndex && relation ? on.tableOfIndex(relation) : relation;
  if (table === null || (relation && on.isMissing(relation) && !isIndex)) return;
  const what = relation ? fullTableName(relation) : (text(fields['name']) ?? 'the whole schema or database');
  on.report('index-not-concurrent', {
    ...(table && { table }),
    message: `REINDEX builds ${isIndex ? `the index ${what}` : `the indexes of ${what}`} again while writes wait, and reads that use them`,
    names: relation ? { index: what } : {},
  });
}

/** CREATE INDEX CONCURRENTLY and similar statements fail in a transaction. */
export function concurrentlyInTransaction(on: StatementInspection, table: TableName | undefined): void {
  if (!on.context.inTransaction) return;
  on.report('concurrently-in-transaction', {
    table,
    message: 'PostgreSQL refuses CONCURRENTLY and VACUUM inside a transaction',
    names: {},
  });
}
