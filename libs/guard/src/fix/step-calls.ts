import { type Json, list, nameParts, nodeOf, nodesOf, type SqlParser, text } from 'nestjs-backfill-sql/tree';

/** The code that replaces a statement. */
export interface StepCall {
  /** The function of nestjs-backfill/steps; undefined if the statement stays, with other SQL. */
  readonly step?: string;
  /** The arguments after the query runner, or the SQL. */
  readonly code: string;
  /** It commits by itself, so that the migration needs `transaction = false`. */
  readonly commits: boolean;
  /** What the author must do later. */
  readonly later?: string;
}

/** @returns undefined if no step does the same */
export function stepCallOf(parser: SqlParser, sql: string): StepCall | undefined {
  const parsed = parser.parse(sql);
  if (!parsed.ok || parsed.value.stmts?.length !== 1) return undefined;
  const statement = parsed.value.stmts[0]?.stmt;
  const index = nodeOf(statement, 'IndexStmt');
  if (index) return concurrently(sql);
  const drop = nodeOf(statement, 'DropStmt');
  if (drop?.['removeType'] === 'OBJECT_INDEX') return dropIndex(drop);
  const rename = nodeOf(statement, 'RenameStmt');
  if (rename) return renameOf(rename);
  const alter = nodeOf(statement, 'AlterTableStmt');
  const commands = nodesOf(alter?.['cmds'], 'AlterTableCmd');
  const [command] = commands;
  return alter && command && commands.length === 1 ? alterOf(alter, command, sql) : undefined;
}

/** The words of the statement itself, behind the comments before it. */
const CREATE_INDEX = /^(?:\s+|--[^\n]*\n|\/\*(?:[^*]|\*(?!\/))*\*\/)*create\s+(?:unique\s+)?index(?=[\s(])/i;

function concurrently(sql: string): StepCall | undefined {
  const words = CREATE_INDEX.exec(sql)?.[0];
  return words === undefined
    ? undefined
    : { code: `${words} CONCURRENTLY${sql.slice(words.length)}`, commits: true };
}

function dropIndex(drop: Json): StepCall | undefined {
  const [index, ...others] = list(drop['objects']).map(nameParts);
  if (!index || others.length > 0 || cascades(drop) || index.some(hasDot)) return undefined;
  return { step: 'dropIndex', code: quoted(index.join('.')), commits: true };
}

/** No step drops what depends on the object. */
function cascades({ behavior }: Json): boolean {
  return behavior === 'DROP_CASCADE';
}

/** The steps take `schema.table`, so that a name with a dot means another table. */
function hasDot(name: string): boolean {
  return name.includes('.');
}

function isPlainTable(relation: unknown): boolean {
  const range = nodeOf(relation, 'RangeVar') ?? (relation as Json | undefined) ?? {};
  return !hasDot(text(range['schemaname']) ?? '') && !hasDot(text(range['relname']) ?? '');
}

function renameOf(fields: Json): StepCall | undefined {
  const isOfTable = (fields['relationType'] ?? 'OBJECT_TABLE') === 'OBJECT_TABLE';
  const isRename = fields['renameType'] === 'OBJECT_TABLE' || isOfTable;
  if (!isRename || fields['missing_ok'] === true || cascades(fields) || !isPlainTable(fields['relation']))
    return undefined;
  const table = tableOf(fields['relation']);
  const to = text(fields['newname']) ?? '';
  if (fields['renameType'] === 'OBJECT_TABLE')
    return { step: 'renameTable', code: objectOf({ table, to }), commits: false, later: 'finishRenameTable' };
  if (fields['renameType'] !== 'OBJECT_COLUMN') return undefined;
  const column = text(fields['subname']) ?? '';
  return {
    step: 'renameColumn',
    code: objectOf({ table, column, to }),
    commits: false,
    later: 'finishRenameColumn',
  };
}

function alterOf(alter: Json, command: Json, sql: string): StepCall | undefined {
  const isTable = (alter['objtype'] ?? 'OBJECT_TABLE') === 'OBJECT_TABLE';
  if (!isTable || alter['missing_ok'] === true || cascades(command) || !isPlainTable(alter['relation']))
    return undefined;
  const table = tableOf(alter['relation']);
  const column = text(command['name']) ?? '';
  switch (text(command['subtype'])) {
    case 'AT_SetNotNull':
      return { step: 'setNotNull', code: `${quoted(table)}, ${quoted(column)}`, commits: true };
    case 'AT_DropColumn':
      return { step: 'dropColumn', code: objectOf({ table, column }), commits: false };
    case 'AT_AddConstraint':
      return constraintOf(table, nodeOf(command['def'], 'Constraint') ?? {}, sql);
    default:
      return undefined;
  }
}

function constraintOf(table: string, constraint: Json, sql: string): StepCall | undefined {
  const name = text(constraint['conname']);
  const columns = nameParts(constraint['keys']);
  if (!isOfSteps(constraint)) return undefined;
  const isPlain = constraint['deferrable'] !== true && constraint['indexname'] === undefined;
  switch (text(constraint['contype'])) {
    case 'CONSTR_FOREIGN':
      return isPlain ? foreignKeyOf(table, constraint) : undefined;
    case 'CONSTR_CHECK': {
      const expression = /\bcheck\s*\((.*)\)\s*;?\s*$/is.exec(sql)?.[1];
      return name === undefined || expression === undefined
        ? undefined
        : { step: 'addCheck', code: objectOf({ table, name, expression: expression.trim() }), commits: true };
    }
    case 'CONSTR_UNIQUE':
    case 'CONSTR_PRIMARY':
      if (!isPlain || constraint['including'] !== undefined || constraint['nulls_not_distinct'] === true)
        return undefined;
      return {
        step: constraint['contype'] === 'CONSTR_UNIQUE' ? 'addUnique' : 'addPrimaryKey',
        code: objectOf({ table, columns, name }),
        commits: true,
      };
    default:
      return undefined;
  }
}

function isOfSteps(constraint: Json): boolean {
  const hasKnownFields = Object.keys(constraint).every((field) => CONSTRAINT_FIELDS.has(field));
  return hasKnownFields && constraint['is_enforced'] !== false;
}

/** What the steps take, or what is tested before. Another field means something that no step does. */
const CONSTRAINT_FIELDS = new Set([
  'contype',
  'conname',
  'keys',
  'raw_expr',
  'pktable',
  'fk_attrs',
  'pk_attrs',
  'fk_matchtype',
  'fk_upd_action',
  'fk_del_action',
  'deferrable',
  'indexname',
  'including',
  'nulls_not_distinct',
  'initially_valid',
  'is_enforced',
  'location',
]);

const ACTIONS: Readonly<Record<string, string>> = {
  r: 'RESTRICT',
  c: 'CASCADE',
  n: 'SET NULL',
  d: 'SET DEFAULT',
};

function foreignKeyOf(table: string, constraint: Json): StepCall | undefined {
  // `addForeignKey` has no option for these.
  if ((text(constraint['fk_upd_action']) ?? 'a') !== 'a' || (text(constraint['fk_matchtype']) ?? 's') !== 's')
    return undefined;
  const references = tableOf(constraint['pktable']);
  const referencedColumns = nameParts(constraint['pk_attrs']);
  return {
    step: 'addForeignKey',
    code: objectOf({
      table,
      columns: nameParts(constraint['fk_attrs']),
      references,
      referencedColumns: referencedColumns.length > 0 ? referencedColumns : undefined,
      name: text(constraint['conname']),
      onDelete: ACTIONS[text(constraint['fk_del_action']) ?? ''],
    }),
    commits: true,
  };
}

function tableOf(value: unknown): string {
  const range = nodeOf(value, 'RangeVar') ?? (value as Json | undefined) ?? {};
  return [text(range['schemaname']), text(range['relname'])].filter((part) => part !== undefined).join('.');
}

function objectOf(values: Readonly<Record<string, string | readonly string[] | undefined>>): string {
  const entries = Object.entries(values).flatMap(([key, value]) => {
    if (value === undefined) return [];
    return [`${key}: ${typeof value === 'string' ? quoted(value) : `[${value.map(quoted).join(', ')}]`}`];
  });
  return `{ ${entries.join(', ')} }`;
}

function quoted(value: string): string {
  return value.includes("'") || value.includes('\n')
    ? `\`${value.replace(/[\\`$]/g, '\\$&')}\``
    : `'${value.replace(/\\/g, '\\\\')}'`;
}
