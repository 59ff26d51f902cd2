import type * as ast from 'oxc-parser';
import { findMethod, keyName, lineage } from '../classes/classes.js';
import type { Context, Machine } from '../machine/machine.types.js';
import type { ClassValue, ObjectValue, Value } from '../values/value.js';
import type { ParsedModule } from '../../source/parsed-module.js';

/** One migration of a file: a class, or an object or a module with `up` and `down`. */
export interface MigrationCandidate {
  readonly name: string;
  readonly start: number;
  readonly end: number;
  readonly target:
    | { readonly kind: 'class'; readonly class: ClassValue }
    | { readonly kind: 'object'; readonly object: ObjectValue }
    | { readonly kind: 'module' };
  readonly isSchemaMigration: boolean;
  /** It has no `up` of its own, and the class that it extends was not read. */
  readonly missingUp?: string;
}

/** The library's base class, by which a migration is guarded at run time. */
const GUARDED_BASE = 'SchemaMigration';

/** Finds the migrations of a module, whatever way it exports them. */
export function findMigrations(
  machine: Machine,
  module: ParsedModule,
  context: Context,
): readonly MigrationCandidate[] {
  const found: MigrationCandidate[] = [];
  for (const node of classNodes(module)) {
    if (node.abstract) continue;
    const value = machine.evaluate(node, context);
    if (value.kind !== 'class') continue;
    const candidate = fromClass(machine, value);
    if (candidate) found.push(candidate);
  }
  if (found.length > 0) return found;
  const exported = [...module.exports.keys()];
  if (exported.includes('up'))
    return [{ name: 'up', start: 0, end: 0, target: { kind: 'module' }, isSchemaMigration: false }];
  for (const value of exportedValues(machine, module, context)) {
    if (value.kind === 'object' && value.properties.get('up')?.kind === 'function')
      found.push({
        name: 'default',
        start: 0,
        end: 0,
        target: { kind: 'object', object: value },
        isSchemaMigration: false,
      });
    if (value.kind === 'class') {
      const candidate = fromClass(machine, value);
      if (candidate) found.push(candidate);
    }
  }
  return found;
}

function* exportedValues(machine: Machine, module: ParsedModule, context: Context): Generator<Value> {
  if (module.commonJs) yield machine.evaluate(module.commonJs, context);
  for (const entry of module.exports.values()) {
    if (entry.kind === 'expression') yield machine.evaluate(entry.node, context);
    else if (entry.kind === 'local')
      yield machine.evaluate({ type: 'Identifier', name: entry.name, start: 0, end: 0 }, context);
  }
}

function fromClass(machine: Machine, value: ClassValue): MigrationCandidate | undefined {
  const { node, name } = value;
  const hasUp = findMethod(machine, value, 'up', false) !== undefined || hasUpProperty(value);
  const chain = lineage(machine, value);
  const roots = chain.map((home) => baseName(home.node.superClass));
  const implemented = chain
    .flatMap((home) => home.node.implements ?? [])
    .map(({ expression }) => (expression.type === 'Identifier' ? expression.name : ''));
  const isDeclared =
    implemented.some((item) => /MigrationInterface$/.test(item)) ||
    roots.some((root) => root !== undefined && /Migration/.test(root));
  if (!hasUp && !isDeclared) return undefined;
  const base = roots.at(-1);
  const candidate = {
    name,
    start: node.start,
    end: node.end,
    target: { kind: 'class', class: value },
    isSchemaMigration: roots.includes(GUARDED_BASE),
  } as const;
  return hasUp ? candidate : { ...candidate, missingUp: base ?? 'nothing' };
}

function hasUpProperty(value: ClassValue): boolean {
  return value.node.body.body.some(
    (item) => item.type === 'PropertyDefinition' && !item.static && keyName(item.key) === 'up',
  );
}

function baseName(node: ast.Expression | null): string | undefined {
  if (node?.type === 'Identifier') return node.name;
  if (node?.type === 'MemberExpression' && !node.computed) return node.property.name;
  return node?.type === 'CallExpression' ? baseName(node.callee) : undefined;
}

/** Classes at the top level, in whatever statement they stand. */
function* classNodes(module: ParsedModule): Generator<ast.Class> {
  for (const statement of module.program.body) {
    switch (statement.type) {
      case 'ClassDeclaration':
        yield statement;
        break;
      case 'ExportNamedDeclaration':
        if (statement.declaration?.type === 'ClassDeclaration') yield statement.declaration;
        else if (statement.declaration?.type === 'VariableDeclaration')
          yield* inDeclarators(statement.declaration);
        break;
      case 'ExportDefaultDeclaration':
        if (
          statement.declaration.type === 'ClassDeclaration' ||
          statement.declaration.type === 'ClassExpression'
        )
          yield statement.declaration;
        break;
      case 'VariableDeclaration':
        yield* inDeclarators(statement);
        break;
      case 'ExpressionStatement':
        yield* inAssignment(statement.expression);
        break;
      default:
    }
  }
}

function* inDeclarators(declaration: ast.VariableDeclaration): Generator<ast.Class> {
  for (const { init } of declaration.declarations) if (init) yield* inAssignment(init);
}

function* inAssignment(expression: ast.Expression): Generator<ast.Class> {
  if (expression.type === 'ClassExpression') yield expression;
  else if (expression.type === 'AssignmentExpression') yield* inAssignment(expression.right);
}
