import { kindOf, visit, type Json, type SqlParser } from 'nestjs-backfill-sql/tree';
import type * as ast from 'oxc-parser';
import type { ParsedModule } from '../../source/parsed-module.js';
import type { ParameterValue } from '../sql/statement.reader.js';
import { constantsOf, usesDatabase, type HomeMethod } from './migration-code.js';
import type { SentCode, SentCodeFinder } from './sent-code.js';
import { parameterText, staticText, type ConstantFinder } from './static-text.js';
import { contains, namesDeclared } from './syntax.js';

/** One SQL statement of a text. */
export interface SqlPiece {
  readonly text: string;
  /** Its offsets in the SQL text, in UTF-16 code units. */
  readonly start: number;
  readonly end: number;
  /** PostgreSQL's name of the parse node. */
  readonly kind: string;
  readonly fields: Json;
  /** All names in it: tables, columns, types, … */
  readonly names: ReadonlySet<string>;
}

/** One statement of a migration's code. */
export interface CodeUnit {
  readonly node: ast.Node;
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** What `await queryRunner.query('…')` sends; missing for other code. */
  readonly sql?: readonly SqlPiece[];
  /** The argument of the query that is its SQL. */
  readonly literal?: ast.Node;
  readonly parameters: readonly ParameterValue[];
  /** `await queryRunner.createTable(…)`: the method's name. */
  readonly schemaCall?: string;
  readonly usesDatabase: boolean;
  readonly declares: readonly string[];
  /** All words in it, and in the SQL that it sends through other code. */
  readonly names: ReadonlySet<string>;
  /** What it sends, if it is not one call with a constant text. */
  readonly sent: SentCode;
}

/** The statements of the method, in order. */
export function unitsOf(
  module: ParsedModule,
  home: HomeMethod,
  parser: SqlParser,
  sentCode: SentCodeFinder = () => NOTHING_SENT,
): readonly CodeUnit[] {
  const constants = constantsOf(module, home.body);
  return home.body.map((node) => {
    const text = module.source.text.slice(node.start, node.end);
    const call = callOf(node, home, { constants, parser });
    const sent = call.sql ? NOTHING_SENT : sentCode(node.start, node.end);
    return {
      node,
      start: node.start,
      end: node.end,
      text,
      ...call,
      usesDatabase: usesDatabase(node, home.runner) || sent.texts.length > 0 || sent.isUnread,
      declares: namesDeclared(node),
      names: new Set([text, ...sent.texts].flatMap((each) => each.match(/[A-Za-z_]\w*/g) ?? [])),
      sent,
    };
  });
}

export const NOTHING_SENT: SentCode = { texts: [], isUnread: false };

type SentCall = Pick<CodeUnit, 'sql' | 'literal' | 'parameters' | 'schemaCall'>;

/** What the statement sends with a call of the query runner. */
function callOf(
  node: ast.Node,
  home: HomeMethod,
  { constants, parser }: { readonly constants: ConstantFinder; readonly parser: SqlParser },
): SentCall {
  const call = sentCall(node);
  const method = call && methodOf(call);
  if (!call || method === undefined) return { parameters: [] };
  if (method !== 'query')
    return isOn(call, home.runner) ? { schemaCall: method, parameters: [] } : { parameters: [] };
  const [literal, values] = call.arguments;
  const text = literal && staticText(literal, constants);
  const sql = text === undefined ? undefined : piecesOf(text, parser);
  const parameters =
    values?.type === 'ArrayExpression'
      ? values.elements.map((element) => (element ? parameterText(element, constants) : undefined))
      : [];
  return sql && literal ? { sql, literal, parameters } : { parameters };
}

/** The statements of an SQL text; undefined if PostgreSQL's parser rejects it. */
export function piecesOf(sql: string, parser: SqlParser): readonly SqlPiece[] | undefined {
  const parsed = parser.parse(sql);
  if (!parsed.ok) return undefined;
  const bytes = Buffer.from(sql, 'utf8');
  return parsed.value.stmts.map(({ stmt, stmt_location: start = 0, stmt_len: length }) => {
    const [kind, fields] = kindOf(stmt) ?? ['', {}];
    const end = length === undefined || length === 0 ? bytes.length : start + length;
    const written = bytes.subarray(start, end).toString('utf8');
    const text = withoutLeadingComments(written).trim();
    const from = bytes.subarray(0, start).toString('utf8').length + written.indexOf(text);
    return { text, start: from, end: from + text.length, kind, fields, names: namesIn(stmt) };
  });
}

/** The parser counts the comments before a statement as a part of it. */
function withoutLeadingComments(text: string): string {
  return text.replace(/^(?:\s+|--[^\n]*(?:\n|$)|\/\*(?:[^*]|\*(?!\/))*\*\/)+/, '');
}

function namesIn(tree: unknown): ReadonlySet<string> {
  const names = new Set<string>();
  visit({ tree }, (_kind, fields) => {
    for (const value of Object.values(fields)) if (typeof value === 'string') names.add(value);
    return true;
  });
  return names;
}

/** The call of `await call()` or `call()`. */
function sentCall(node: ast.Node): ast.CallExpression | undefined {
  if (node.type !== 'ExpressionStatement') return undefined;
  const expression = node.expression.type === 'AwaitExpression' ? node.expression.argument : node.expression;
  return expression.type === 'CallExpression' ? expression : undefined;
}

function methodOf({ callee }: ast.CallExpression): string | undefined {
  return callee.type === 'MemberExpression' && !callee.computed && callee.property.type === 'Identifier'
    ? callee.property.name
    : undefined;
}

function isOn({ callee }: ast.CallExpression, runner: string): boolean {
  return (
    callee.type === 'MemberExpression' && callee.object.type === 'Identifier' && callee.object.name === runner
  );
}

/** Whether the code calls methods of the class or its base class, or reads its properties. */
export function usesThis(node: ast.Node): boolean {
  return contains(node, ({ type }) => type === 'ThisExpression' || type === 'Super');
}
