import type * as ast from 'oxc-parser';
import type { ParsedModule } from '../../source/parsed-module.js';
import type { ConstantFinder } from './static-text.js';
import { contains, isFunction, pathTo, walkNodes } from './syntax.js';

/** The method of a migration that contains a statement. */
export interface HomeMethod {
  readonly name: string;
  readonly class: ast.Class;
  readonly body: readonly ast.Statement[];
  /** The name of its first parameter, the query runner. */
  readonly runner: string;
  /** Why its statements may not run, or not once; undefined if they always run once. */
  readonly condition: string | undefined;
  /** Where `up` calls it; undefined for `up`. */
  readonly calledAt: number | undefined;
}

/** The method around an offset; undefined if the offset is in a callback, a function or another file. */
export function homeMethod(module: ParsedModule, offset: number): HomeMethod | undefined {
  const path = pathTo(module.program, offset);
  const at = path.findLastIndex(
    (node) => node.type === 'MethodDefinition' || node.type === 'PropertyDefinition',
  );
  const [member, code] = [path[at], path[at + 1]];
  const owner = path
    .slice(0, at)
    .findLast((node) => node.type === 'ClassDeclaration' || node.type === 'ClassExpression');
  if (!member || !owner) return undefined;
  if (member.type !== 'MethodDefinition' && member.type !== 'PropertyDefinition') return undefined;
  const method = code && isFunction(code) ? code : undefined;
  if (method?.body?.type !== 'BlockStatement' || member.key.type !== 'Identifier') return undefined;
  const [parameter] = method.params;
  const runner =
    parameter && 'name' in parameter && typeof parameter.name === 'string' ? parameter.name : 'queryRunner';
  const name = member.key.name;
  const class_ = owner as ast.Class;
  return {
    name,
    class: class_,
    body: method.body.body,
    runner,
    ...(name === 'up' ? ALWAYS : callOf(module, class_, name)),
  };
}

const ALWAYS = { condition: undefined, calledAt: undefined };

function callOf(
  module: ParsedModule,
  owner: ast.Class,
  name: string,
): Pick<HomeMethod, 'condition' | 'calledAt'> {
  const calls = callsOf(owner, name);
  return { condition: conditionOfCall(module, calls, name), calledAt: calls[0]?.start };
}

function callsOf(owner: ast.Class, name: string): readonly ast.Node[] {
  const calls: ast.Node[] = [];
  walkNodes(owner, (node) => {
    if (
      node.type === 'MemberExpression' &&
      node.object.type === 'ThisExpression' &&
      node.property.type === 'Identifier' &&
      node.property.name === name
    )
      calls.push(node);
    return true;
  });
  return calls;
}

/** `up` must call the method once, and at most under a condition on the type of the database. */
function conditionOfCall(module: ParsedModule, calls: readonly ast.Node[], name: string): string | undefined {
  const [call] = calls;
  if (!call || calls.length > 1) return `${name}() is called ${String(calls.length)} times`;
  const home = homeMethod(module, call.start);
  if (home?.name !== 'up') return `${name}() is not called by up()`;
  const around = pathTo(module.program, call.start).slice(1);
  const inUp = around.slice(around.findLastIndex(isFunction) + 1);
  const conditions = inUp.filter(({ type }) => !PLAIN.has(type));
  const isByDatabase = conditions.every((node) => isDatabaseTest(module, node));
  if (!isByDatabase) return `${name}() is called under a condition`;
  const statement = home.body.find(({ start, end }) => start <= call.start && call.start < end);
  if (!statement || !isOnlyCall(statement, call))
    return `line ${String(module.source.positionAt((statement ?? call).start).line)} does more than call ${name}()`;
  return earlyReturn(home.body, call.start);
}

/** Nothing else runs in the statement on PostgreSQL: its order with the moved code would be lost. */
function isOnlyCall(statement: ast.Node, method: ast.Node): boolean {
  switch (statement.type) {
    case 'BlockStatement':
      return isOnlyIn(statement.body, method);
    case 'IfStatement': {
      const arms = statement.alternate ? [statement.consequent, statement.alternate] : [statement.consequent];
      return arms.some((arm) => isOnlyCall(arm, method));
    }
    case 'SwitchStatement':
      return isOnlyCase(statement.cases, method);
    case 'ExpressionStatement':
      return isBareCall(statement.expression, method);
    case 'ReturnStatement':
      return statement.argument !== null && isBareCall(statement.argument, method);
    default:
      return false;
  }
}

function isOnlyIn(statements: readonly ast.Node[], method: ast.Node): boolean {
  const [first, ...others] = statements.filter((each) => !endsBlock(each));
  return first !== undefined && others.length === 0 && isOnlyCall(first, method);
}

/** The case does not go on with the next one. */
function isOnlyCase(cases: readonly ast.SwitchCase[], method: ast.Node): boolean {
  const at = cases.findIndex(({ consequent }) => isOnlyIn(consequent, method));
  const code = cases[at]?.consequent ?? [];
  const [block] = code;
  const last = (block?.type === 'BlockStatement' && code.length === 1 ? block.body : code).at(-1);
  return at >= 0 && (at === cases.length - 1 || (last !== undefined && endsBlock(last)));
}

function endsBlock(node: ast.Node): boolean {
  return node.type === 'BreakStatement' || (node.type === 'ReturnStatement' && !node.argument);
}

function isBareCall(expression: ast.Expression, method: ast.Node): boolean {
  const call = expression.type === 'AwaitExpression' ? expression.argument : expression;
  const acts = (node: ast.Node): boolean =>
    contains(node, ({ type }) => type === 'CallExpression' || type === 'AwaitExpression');
  return call.type === 'CallExpression' && call.callee === method && !call.arguments.some(acts);
}

const PLAIN = new Set([
  'BlockStatement',
  'ExpressionStatement',
  'AwaitExpression',
  'CallExpression',
  'MemberExpression',
  'ThisExpression',
  'SwitchCase',
  'ReturnStatement',
]);

function isDatabaseTest(module: ParsedModule, node: ast.Node): boolean {
  const text = (inner: ast.Node): string => module.source.text.slice(inner.start, inner.end);
  if (node.type === 'SwitchStatement') return /\btype\b/.test(text(node.discriminant));
  return node.type === 'IfStatement' && /\btype\b|postgres|isPostgres/i.test(text(node.test));
}

/** A `return` before an offset: the statement at the offset then does not always run. */
export function earlyReturn(body: readonly ast.Statement[], offset: number): string | undefined {
  const before = body.filter(({ end }) => end <= offset);
  const returns = before.find((statement) => returnsOf(statement));
  return returns && 'the code before it can return';
}

function returnsOf(statement: ast.Node): boolean {
  let isFound = false;
  walkNodes(statement, (node) => {
    if (node.type === 'ReturnStatement') isFound = true;
    return !isFound && !isFunction(node);
  });
  return isFound;
}

/** The constants of the module and of a method. */
export function constantsOf(module: ParsedModule, body: readonly ast.Statement[]): ConstantFinder {
  const found = new Map<string, ast.Expression>();
  for (const statement of [...(module.program.body as readonly ast.Node[]), ...body]) {
    const declaration =
      statement.type === 'ExportNamedDeclaration' ? (statement.declaration ?? statement) : statement;
    if (declaration.type !== 'VariableDeclaration' || declaration.kind !== 'const') continue;
    for (const { id, init } of declaration.declarations)
      if (id.type === 'Identifier' && init) found.set(id.name, init);
  }
  return (name) => found.get(name);
}

/** Whether code may use the database: it awaits, or it uses the query runner or another connection. */
export function usesDatabase(node: ast.Node, runner: string): boolean {
  return contains(
    node,
    (inner) =>
      inner.type === 'AwaitExpression' ||
      (inner.type === 'ForOfStatement' && inner.await) ||
      (inner.type === 'Identifier' &&
        (inner.name === runner || /runner|manager|repositor|datasource|connection/i.test(inner.name))),
  );
}
