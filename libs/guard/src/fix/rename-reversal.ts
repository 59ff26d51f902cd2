import { nodeOf, type SqlParser, text } from 'nestjs-backfill-sql/tree';

const MAX_BASE_LENGTH = 58;

/** A rename that a step has replaced. */
export interface Rename {
  readonly table: string;
  /** Missing for a renamed table. */
  readonly column?: string;
  readonly to: string;
}

/** The rename of a statement; undefined if it is another statement. */
export function renameIn(parser: SqlParser, sql: string): Rename | undefined {
  const parsed = parser.parse(sql);
  if (!parsed.ok || parsed.value.stmts.length !== 1) return undefined;
  const fields = nodeOf(parsed.value.stmts[0]?.stmt, 'RenameStmt');
  const relation = fields?.['relation'] as Readonly<Record<string, unknown>> | undefined;
  const [name, to] = [text(relation?.['relname']), text(fields?.['newname'])];
  if (!fields || name === undefined || to === undefined) return undefined;
  const schema = text(relation?.['schemaname']);
  const table = schema === undefined ? name : `${schema}.${name}`;
  if (fields['renameType'] === 'OBJECT_TABLE') return { table, to };
  const column = text(fields['subname']);
  return fields['renameType'] === 'OBJECT_COLUMN' && column !== undefined ? { table, column, to } : undefined;
}

/** Whether `down` has this statement to take the rename back. */
export function isReverse(down: Rename, up: Rename): boolean {
  if (up.column !== undefined)
    return down.table === up.table && down.column === up.to && down.to === up.column;
  const [name = ''] = up.table.split('.').slice(-1);
  return down.column === undefined && down.table === renamedTable(up) && down.to === name;
}

/** What takes a step back: it drops the view, and gives the table its name again. */
export function reversalSql(rename: Rename): string {
  const [name = ''] = rename.table.split('.').slice(-1);
  // `renameColumn` makes this name of the table.
  const base = [...rename.table.split('.').slice(0, -1), `${name.slice(0, MAX_BASE_LENGTH)}_base`].join('.');
  const changed = rename.column === undefined ? renamedTable(rename) : base;
  return `DROP VIEW ${quoted(rename.table)}; ALTER TABLE ${quoted(changed)} RENAME TO ${quoted(name)}`;
}

function renamedTable({ table, to }: Rename): string {
  return [...table.split('.').slice(0, -1), to].join('.');
}

function quoted(name: string): string {
  return name
    .split('.')
    .map((part) => `"${part.replaceAll('"', '""')}"`)
    .join('.');
}
