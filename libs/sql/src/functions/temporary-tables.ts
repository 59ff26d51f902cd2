import type { DataFinding } from '../classification/statement.types.js';
import { droppedNames, tableOf } from '../locks/table-names.js';
import { isObject, type Json } from '../parser/parser-nodes.js';

/** The temporary tables of a session. Their rows end with it, so that they are not data. */
export class TemporaryTables {
  readonly #names: Set<string>;

  constructor(names: ReadonlySet<string> = new Set()) {
    this.#names = new Set(names);
  }

  get names(): ReadonlySet<string> {
    return this.#names;
  }

  /** A statement that runs: it may create or drop some. */
  note(kind: string, fields: Json): void {
    const created = kind === 'CreateStmt' ? fields['relation'] : intoOf(kind, fields)?.['rel'];
    const table = isTemporary(created) ? tableOf(created) : undefined;
    if (table) this.#names.add(table.name);
    if (kind === 'DropStmt') for (const { name } of droppedNames(fields)) this.#names.delete(name);
  }

  /** Whether the rows that a finding changes are in a temporary table. */
  has({ table }: DataFinding): boolean {
    if (table?.schema === 'pg_temp') return true;
    return table !== undefined && table.schema === undefined && this.#names.has(table.name);
  }
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
