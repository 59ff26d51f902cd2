import { isObject, nodeOf, text, type SqlParser } from 'nestjs-backfill-sql/tree';
import type { ParsedModule } from '../../source/parsed-module.js';
import { unitsOf, type CodeUnit, type SqlPiece } from '../code/code-units.js';
import type { HomeMethod } from '../code/migration-code.js';
import type { ContractPart } from '../code/move.types.js';
import { alterations } from '../code/schema-change.js';
import { isFunction } from '../code/syntax.js';

/** What reverts the statements of a contract migration. */
export type Reversal =
  | {
      readonly kind: 'statements';
      /** In the order in which they run. */
      readonly statements: readonly string[];
      /** The units of the first migration's `down` that did the same: they move. */
      readonly moved: readonly CodeUnit[];
    }
  | { readonly kind: 'impossible'; readonly reason: string };

export interface ReversalContext {
  readonly module: ParsedModule;
  readonly home: HomeMethod;
  /** The name of the first migration. */
  readonly migration: string;
  readonly parser: SqlParser;
}

/** A statement that reverts another one, and the object that it drops or renames, which must still exist. */
interface Step {
  readonly sql: string;
  readonly needs?: string;
}

/**
 * The reverse of a contract migration. Without it, the `down` of the first migration would revert both, and a
 * second run of the contract migration would fail.
 */
export function reversalOf(parts: readonly ContractPart[], context: ReversalContext): Reversal {
  const down = downOf(context);
  const downUnits = down ? unitsOf(context.module, down, context.parser) : [];
  const statements: string[] = [];
  const moved: CodeUnit[] = [];
  for (const part of [...parts].reverse()) {
    const pieces = part.pieces ?? part.unit.sql;
    if (!pieces) return impossible(`no statement is the reverse of \`${oneLine(part.unit.text)}\``);
    for (const piece of [...pieces].reverse()) {
      const steps = stepsFor(piece);
      if (typeof steps === 'string') return impossible(`\`${oneLine(piece.text)}\`: ${steps}`);
      for (const step of steps) {
        const twin = downUnits.find((unit) => isTwin(unit, step, context.parser));
        if (twin) moved.push(twin);
        else if (step.needs !== undefined && downUnits.some((unit) => unit.names.has(step.needs ?? '')))
          return impossible(
            `down() of ${context.migration} reverts it together with other changes: revert both there`,
          );
        statements.push(step.sql);
      }
    }
  }
  return { kind: 'statements', statements, moved: [...new Set(moved)] };
}

function impossible(reason: string): Reversal {
  return { kind: 'impossible', reason };
}

function oneLine(code: string): string {
  return code.replace(/\s+/g, ' ').trim();
}

function downOf({ home }: ReversalContext): HomeMethod | undefined {
  for (const member of home.class.body.body) {
    if (member.type !== 'MethodDefinition' || member.key.type !== 'Identifier' || member.key.name !== 'down')
      continue;
    const method = member.value;
    // An overload has no body.
    if (method.body === null) continue;
    if (!isFunction(method) || method.body.type !== 'BlockStatement') return undefined;
    const [parameter] = method.params;
    const runner =
      parameter && 'name' in parameter && typeof parameter.name === 'string' ? parameter.name : 'queryRunner';
    return {
      name: 'down',
      class: home.class,
      body: method.body.body,
      runner,
      condition: undefined,
      calledAt: undefined,
    };
  }
  return undefined;
}

/** Does the unit of `down` send the same statement? */
function isTwin({ sql }: CodeUnit, step: Step, parser: SqlParser): boolean {
  if (step.needs === undefined || sql?.length !== 1) return false;
  const tree = (text: string): string | undefined => {
    const parsed = parser.parse(text);
    return parsed.ok ? withoutPlaces(parsed.value.stmts[0]?.stmt) : undefined;
  };
  return tree(sql[0]?.text ?? '') === tree(step.sql);
}

/** A tree without positions and without what only matters if the object is missing or others depend on it. */
function withoutPlaces(tree: unknown): string {
  return JSON.stringify(tree, (key, value: unknown) =>
    ['location', 'stmt_len', 'stmt_location', 'missing_ok', 'behavior'].includes(key) ? undefined : value,
  );
}

/** The steps that revert a statement, or the reason why there are none. */
function stepsFor(piece: SqlPiece): readonly Step[] | string {
  const read = REVERSES.get(piece.kind);
  return read ? read(piece) : 'no statement is its reverse';
}

const REVERSES: ReadonlyMap<string, (piece: SqlPiece) => readonly Step[] | string> = new Map([
  ['AlterTableStmt', reverseOfAlterTable],
  ['IndexStmt', reverseOfIndex],
  ['RenameStmt', reverseOfRename],
  [
    'CreateStmt',
    ({ fields }: SqlPiece) => [dropped('TABLE', qualified(fields['relation']), text(relname(fields)) ?? '')],
  ],
  ['CommentStmt', () => []],
]);

function relname(fields: SqlPiece['fields']): unknown {
  return isObject(fields['relation']) ? fields['relation']['relname'] : undefined;
}

function dropped(kind: string, name: string, needs: string): Step {
  return { sql: `DROP ${kind} ${name}`, needs };
}

function reverseOfAlterTable(piece: SqlPiece): readonly Step[] | string {
  const table = qualified(piece.fields['relation']);
  const steps: Step[] = [];
  for (const alteration of [...alterations(piece)].reverse()) {
    const found = reverseOfAlteration(table, alteration);
    if (typeof found === 'string') return found;
    steps.push(...found);
  }
  return steps;
}

function reverseOfAlteration(
  table: string,
  { subtype, name, definition }: ReturnType<typeof alterations>[number],
): readonly Step[] | string {
  const alter = `ALTER TABLE ${table}`;
  switch (subtype) {
    case 'AT_SetNotNull':
      return [{ sql: `${alter} ALTER COLUMN ${quoted(name)} DROP NOT NULL` }];
    case 'AT_DropNotNull':
      return [{ sql: `${alter} ALTER COLUMN ${quoted(name)} SET NOT NULL` }];
    case 'AT_ValidateConstraint':
      return [];
    case 'AT_AddConstraint': {
      const constraint = text(nodeOf(definition, 'Constraint')?.['conname']);
      if (constraint === undefined) return 'PostgreSQL chooses the name of its constraint';
      return [{ sql: `${alter} DROP CONSTRAINT ${quoted(constraint)}`, needs: constraint }];
    }
    case 'AT_AddColumn': {
      const column = text(nodeOf(definition, 'ColumnDef')?.['colname']) ?? '';
      return [{ sql: `${alter} DROP COLUMN ${quoted(column)}`, needs: column }];
    }
    case 'AT_DropColumn':
      return 'the values of the dropped column are gone';
    case 'AT_AlterColumnType':
      return 'it does not tell the earlier type';
    case 'AT_ColumnDefault':
      return 'it does not tell the earlier default';
    default:
      return 'no statement is its reverse';
  }
}

function reverseOfIndex({ fields }: SqlPiece): readonly Step[] | string {
  const name = text(fields['idxname']);
  if (name === undefined) return 'PostgreSQL chooses the name of its index';
  const schema = isObject(fields['relation']) ? text(fields['relation']['schemaname']) : undefined;
  const concurrently = fields['concurrent'] === true ? 'INDEX CONCURRENTLY' : 'INDEX';
  return [dropped(concurrently, `${schema === undefined ? '' : `${quoted(schema)}.`}${quoted(name)}`, name)];
}

function reverseOfRename({ fields }: SqlPiece): readonly Step[] | string {
  const [to, column] = [text(fields['newname']) ?? '', text(fields['subname'])];
  const relation = isObject(fields['relation']) ? fields['relation'] : {};
  const kind = text(fields['renameType']);
  if (kind === 'OBJECT_COLUMN' && column !== undefined)
    return [
      {
        sql: `ALTER TABLE ${qualified(relation)} RENAME COLUMN ${quoted(to)} TO ${quoted(column)}`,
        needs: to,
      },
    ];
  if (kind !== 'OBJECT_TABLE') return 'no statement is its reverse';
  const renamed = qualified({ ...relation, relname: to });
  return [{ sql: `ALTER TABLE ${renamed} RENAME TO ${quoted(text(relation['relname']) ?? '')}`, needs: to }];
}

/** The name of a table with its schema, if one is written. */
function qualified(relation: unknown): string {
  const fields = isObject(relation) ? relation : {};
  return [text(fields['schemaname']), text(fields['relname'])]
    .filter((part) => part !== undefined)
    .map(quoted)
    .join('.');
}

/** Words that need no quotes are written without. */
function quoted(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) && !RESERVED.has(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

const RESERVED = new Set(
  'all analyse analyze and any array as asc both case cast check collate column constraint create current_user default desc distinct do else end except false fetch for foreign from grant group having in initially intersect into leading limit localtime not null offset on only or order placing primary references returning select session_user some symmetric table then to trailing true union unique user using variadic when where window with'.split(
    ' ',
  ),
);
