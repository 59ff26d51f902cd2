import type { DataFinding } from '../classification/statement.types.js';
import type { TableName } from '../classification/statement.types.js';
import { droppedNames, tableOf } from '../locks/table-names.js';
import { isObject, type Json, text } from '../parser/parser-nodes.js';

/** The temporary tables of a session. Their rows end with it, so that they are not data. */
export class TemporaryTables {
  readonly #names: Set<string>;

  constructor(names: ReadonlySet<string> = new Set()) {
    this.#names = new Set(names);
  }

  get names(): ReadonlySet<string> {
    return this.#names;
  }

  /** A statement that runs: it may create, rename or drop some. */
  note(kind: string, fields: Json): void {
    const created = kind === 'CreateStmt' ? fields['relation'] : intoOf(kind, fields)?.['rel'];
    const table = isTemporary(created) ? tableOf(created) : undefined;
    if (table) this.#create(table.name, kind === 'CreateStmt' ? fields : intoOf(kind, fields));
    if (kind === 'DropStmt') for (const { name } of droppedNames(fields)) this.#forget(name);
    if (kind === 'RenameStmt' && fields['renameType'] === 'OBJECT_TABLE') this.#rename(fields);
    if (kind === 'DiscardStmt' && DISCARDS_TABLES.has(text(fields['target']) ?? '')) this.#names.clear();
    if (kind === 'TransactionStmt') this.#endTransaction(text(fields['kind']) ?? '');
  }

  #create(name: string, options: Json | undefined): void {
    this.#names.add(name);
    if (options?.['oncommit'] === 'ONCOMMIT_DROP' || options?.['onCommit'] === 'ONCOMMIT_DROP')
      this.#names.add(dropMark(name));
  }

  #forget(name: string): boolean {
    this.#names.delete(dropMark(name));
    return this.#names.delete(name);
  }

  #rename(fields: Json): void {
    const table = tableOf(fields['relation']);
    const to = text(fields['newname']);
    if (!table || to === undefined || !this.#holds(table)) return;
    const isDropped = this.#names.has(dropMark(table.name));
    this.#forget(table.name);
    this.#names.add(to);
    if (isDropped) this.#names.add(dropMark(to));
  }

  /** A rollback also undoes the creation of tables, so that none is certain to exist. */
  #endTransaction(kind: string): void {
    if (/^TRANS_STMT_ROLLBACK/.test(kind)) this.#names.clear();
    else if (kind === 'TRANS_STMT_COMMIT') for (const name of endedNames(this.#names)) this.#forget(name);
  }

  /** Whether the rows that a finding changes are in a temporary table. */
  has({ table }: DataFinding): boolean {
    return table !== undefined && this.#holds(table);
  }

  /** Is it one of the temporary tables? @param relation a RangeVar */
  hasRelation(relation: unknown): boolean {
    const table = tableOf(relation);
    return table !== undefined && this.#holds(table);
  }

  #holds({ schema, name }: TableName): boolean {
    return schema === 'pg_temp' || (schema === undefined && this.#names.has(name));
  }
}

const DISCARDS_TABLES = new Set(['DISCARD_ALL', 'DISCARD_TEMP']);

/** Marks a table that ends with its transaction. No identifier contains this character. */
function dropMark(name: string): string {
  return `${name}\0`;
}

function endedNames(names: ReadonlySet<string>): readonly string[] {
  return [...names].filter((name) => names.has(dropMark(name)));
}

/**
 * The temporary tables of a classification that are left when the transaction ends: those without
 * ON COMMIT DROP.
 *
 * @publicApi
 */
export function temporaryAfterCommit(names: ReadonlySet<string>): ReadonlySet<string> {
  const ended = new Set(endedNames(names).flatMap((name) => [name, dropMark(name)]));
  return new Set([...names].filter((name) => !ended.has(name)));
}

/** Whether a RangeVar names a temporary table. */
export function isTemporary(relation: unknown): boolean {
  if (!isObject(relation)) return false;
  const range = isObject(relation['RangeVar']) ? relation['RangeVar'] : relation;
  return range['relpersistence'] === 't' || range['schemaname'] === 'pg_temp';
}

/** The INTO of CREATE TABLE AS, and of SELECT INTO. */
function intoOf(kind: string, fields: Json): Json | undefined {
  const into = kind === 'CreateTableAsStmt' ? fields['into'] : fields['intoClause'];
  return isObject(into) ? into : undefined;
}
