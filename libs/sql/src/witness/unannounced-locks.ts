import type { Statement, TableName } from '../classification/statement.types.js';
import type { LockFinding, LockRule } from '../locks/lock.types.js';
import { isObject, type Json } from '../parser/parser-nodes.js';
import { isSameName, tableOf } from '../locks/table-names.js';
import type { ObservedLock, RelationFiles } from './lock-observation.js';

/** What a statement has done to a relation, although no rule announces it. @publicApi */
export interface UnannouncedLock {
  readonly lock: ObservedLock;
  /** - `rewritten`, `scanned`: work under the lock that no rule announces; `locked`: the SQL does not name it */
  readonly what: 'rewritten' | 'scanned' | 'locked';
}

/** What is known of the transaction before the statement. @publicApi */
export interface BeforeStatement {
  readonly relations: RelationFiles;
  /** The locks before it. */
  readonly locks: readonly ObservedLock[];
}

/** A transaction checks the rows once; these rules announce no lock themselves. */
const WITHOUT_WORK: ReadonlySet<LockRule> = new Set(['several-tables-locked', 'json-column']);

/**
 * Compares the locks after a statement with the findings of the rules.
 *
 * @param findings of the statement, without regard to the size of tables
 * @publicApi
 */
export function unannouncedLocks(
  statements: readonly Statement[],
  findings: readonly LockFinding[],
  { before, after }: { readonly before: BeforeStatement; readonly after: readonly ObservedLock[] },
): readonly UnannouncedLock[] {
  const named = namedTables(statements);
  const announced = findings
    .filter(({ rule }) => !WITHOUT_WORK.has(rule))
    .flatMap(({ table, alsoLocks }) => [...(table ? [table] : []), ...alsoLocks]);
  const isAnyAnnounced = findings.some(({ table, rule }) => !table && !WITHOUT_WORK.has(rule));
  return after.flatMap((lock): readonly UnannouncedLock[] => {
    if (Number(lock.id) > before.relations.newestId || isAnyAnnounced) return [];
    const names = [lock, ...lock.ancestors];
    const isIn = (tables: readonly TableName[]) =>
      names.some((name) => tables.some((table) => isSameName(table, name)));
    if (isIn(announced)) return [];
    const old = before.locks.find(({ id }) => id === lock.id);
    const file = old?.file ?? before.relations.files.get(lock.id);
    if (file !== undefined && file !== lock.file) return [{ lock, what: 'rewritten' }];
    if (lock.scans > (old?.scans ?? before.relations.scans.get(lock.id) ?? 0))
      return [{ lock, what: 'scanned' }];
    return old || isIn(named) ? [] : [{ lock, what: 'locked' }];
  });
}

/** Every relation that statements name. @publicApi */
export function namedTables(statements: readonly Pick<Statement, 'ddl'>[]): readonly TableName[] {
  return statements.flatMap(({ ddl }) => ddl.flatMap(({ fields }) => tablesIn(fields)));
}

function tablesIn(fields: Json): readonly TableName[] {
  const found: TableName[] = [];
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(visit);
    else if (isObject(value)) {
      const table = typeof value['relname'] === 'string' ? tableOf(value) : undefined;
      if (table) found.push(table);
      const parts = namesOfList(value);
      if (parts) found.push(parts);
      Object.values(value).forEach(visit);
    }
  };
  visit(fields);
  return found;
}

/** The objects of a DROP are lists of names. */
function namesOfList(value: Json): TableName | undefined {
  const items = isObject(value['List']) ? value['List']['items'] : undefined;
  if (!Array.isArray(items)) return undefined;
  const names = items.map((item: unknown) =>
    isObject(item) && isObject(item['String']) ? item['String']['sval'] : '',
  );
  const [name, schema] = [...names].reverse() as (string | undefined)[];
  return name === undefined ? undefined : { name, ...(schema !== undefined && { schema }) };
}
