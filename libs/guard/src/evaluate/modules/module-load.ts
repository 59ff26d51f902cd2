import type * as ast from 'oxc-parser';
import { patternNames } from '../../source/declared-names.js';
import type { ParsedModule } from '../../source/parsed-module.js';
import { keyName } from '../classes/classes.js';
import { staticMember } from '../classes/statics.js';
import { LexicalScope } from '../machine/lexical-scope.js';
import type { Context, Machine } from '../machine/machine.types.js';
import { executeBlock } from '../statements/blocks.js';
import { unknown } from '../values/value.js';
import type { Value } from '../values/value.types.js';
import { isAction, isChangedBy } from './module-scope.js';

/**
 * Runs what a module runs when it is loaded, as far as it calls something: statements, initial values of variables
 * and of static properties, and static blocks.
 */
export function runTopLevel(machine: Machine, module: ParsedModule, context: Context): void {
  const { body } = module.program;
  const variables = body.flatMap((statement) => declaredIn(statement));
  machine.whileLoading(() => {
    for (const statement of body) {
      const declaration = declarationOf(statement);
      if (declaration.type === 'VariableDeclaration') computeCalled(declaration, context);
      else if (declaration.type === 'ClassDeclaration') runStatics(machine, declaration, context);
      else if (isAction(statement) && calls(statement) && !isForPrograms(statement, module))
        runAction(machine, statement, { variables, context });
    }
  });
}

/** `if (require.main === module) …`: TypeORM imports the file, it does not start it as a program. */
function isForPrograms(statement: ast.Statement | ast.Directive, { source }: ParsedModule): boolean {
  if (statement.type !== 'IfStatement') return false;
  return /\brequire\.main\b|\bimport\.meta\b/.test(source.slice(statement.test.start, statement.test.end));
}

/** A statement about a variable of the module runs when the variable is first read, and only then. */
function runAction(
  machine: Machine,
  statement: ast.Statement | ast.Directive,
  { variables, context }: { readonly variables: readonly string[]; readonly context: Context },
): void {
  const code = context.module.source.slice(statement.start, statement.end);
  const changed = variables.filter((name) => isChangedBy(code, name));
  for (const name of changed) read(context, name);
  if (changed.length === 0)
    executeBlock(machine, [statement], { ...context, scope: LexicalScope.block(context.scope) });
}

function computeCalled({ declarations }: ast.VariableDeclaration, context: Context): void {
  for (const { id, init } of declarations) {
    const [name] = patternNames(id);
    if (init && calls(init) && name !== undefined) read(context, name);
  }
}

function read({ scope }: Context, name: string): Value | undefined {
  const variable = scope.find(name);
  const { compute } = variable ?? {};
  if (variable && compute) {
    // Without this, a variable that is defined in terms of itself would be computed forever.
    variable.compute = undefined;
    variable.value = unknown(name);
    variable.value = compute();
  }
  return variable?.value;
}

function runStatics(machine: Machine, { id, body }: ast.Class, context: Context): void {
  const hasCode = body.body.some(
    (item) =>
      item.type === 'StaticBlock' ||
      (item.type === 'PropertyDefinition' && item.static && item.value && calls(item.value)),
  );
  if (!hasCode || !id) return;
  const value = read(context, id.name);
  if (value?.kind !== 'class') return;
  for (const item of body.body) {
    if (item.type === 'PropertyDefinition' && item.static && item.value && calls(item.value))
      staticMember(machine, value, keyName(item.key) ?? '');
    if (item.type === 'StaticBlock')
      executeBlock(machine, item.body, {
        ...context,
        scope: LexicalScope.block(LexicalScope.function(context.scope, value)),
      });
  }
}

function declaredIn(statement: ast.Statement | ast.Directive): readonly string[] {
  const declaration = declarationOf(statement);
  return declaration.type === 'VariableDeclaration'
    ? declaration.declarations.flatMap(({ id }) => patternNames(id))
    : [];
}

function declarationOf(statement: ast.Statement | ast.Directive): ast.Node {
  const isExport =
    statement.type === 'ExportNamedDeclaration' || statement.type === 'ExportDefaultDeclaration';
  return (isExport && statement.declaration) || statement;
}

const CALLS: ReadonlySet<string> = new Set(['CallExpression', 'NewExpression', 'TaggedTemplateExpression']);
const FUNCTIONS: ReadonlySet<string> = new Set([
  'FunctionExpression',
  'FunctionDeclaration',
  'ArrowFunctionExpression',
]);

/** Does the code call something, apart from the functions that it only defines? */
function calls(node: ast.Node): boolean {
  if (CALLS.has(node.type)) return true;
  if (FUNCTIONS.has(node.type)) return false;
  return Object.entries(node).some(([key, value]: [string, unknown]) =>
    key === 'parent' ? false : [value].flat().some((child) => isNode(child) && calls(child)),
  );
}

function isNode(value: unknown): value is ast.Node {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value;
}
