import type * as ast from 'oxc-parser';
import { annotatedValue, memberHandles } from '../classes/annotations.js';
import { enumValue } from '../classes/enums.js';
import { bindPattern } from '../expressions/patterns.js';
import { LexicalScope } from '../machine/lexical-scope.js';
import type { Context, Machine } from '../machine/machine.types.js';
import { patternNames } from '../../source/declared-names.js';
import type { ParsedModule } from '../../source/parsed-module.js';
import { executeBlock } from '../statements/blocks.js';
import { UNDEFINED, choice, isNothing, unknown } from '../values/value.js';
import type { Scope, Value } from '../values/value.types.js';
import { lateAssignments } from './late-assignments.js';
import { openContainer, openList, share, typeProperties } from './shared-objects.js';

/**
 * The scopes of the modules that were read. A module that is no longer needed is collected with its scope.
 */
const scopes = new WeakMap<ParsedModule, Scope>();

/** The scope of a module. A variable is computed when it is first read, so an import runs no code. */
export function moduleScope(machine: Machine, module: ParsedModule): Scope {
  const known = scopes.get(module);
  if (known) return known;
  const scope = LexicalScope.function();
  scopes.set(module, scope);
  for (const statement of module.program.body) declareTopLevel(machine, statement, { scope, module });
  return scope;
}

function declareTopLevel(machine: Machine, statement: ast.Statement | ast.Directive, context: Context): void {
  switch (statement.type) {
    case 'ImportDeclaration':
      for (const specifier of statement.specifiers)
        declareImport(machine, specifier, statement.source.value, context);
      return;
    case 'TSImportEqualsDeclaration':
      declareImportEquals(machine, statement, context);
      return;
    case 'ExportNamedDeclaration':
      if (statement.declaration) declareTopLevel(machine, statement.declaration, context);
      return;
    case 'ExportDefaultDeclaration':
      if (isNamedDeclaration(statement.declaration)) declareTopLevel(machine, statement.declaration, context);
      return;
    case 'VariableDeclaration':
      for (const declarator of statement.declarations)
        declareVariable(machine, declarator, {
          ...context,
          kind: statement.declare ? 'declare' : statement.kind,
        });
      return;
    case 'FunctionDeclaration':
    case 'ClassDeclaration':
      if (statement.id)
        context.scope.declareLazy(statement.id.name, () => machine.evaluate(statement, context));
      return;
    case 'TSEnumDeclaration':
      context.scope.declareLazy(statement.id.name, () => enumValue(machine, statement, context));
      return;
    default:
  }
}

function isNamedDeclaration(
  declaration: ast.ExportDefaultDeclaration['declaration'],
): declaration is ast.Class | ast.Function {
  return declaration.type === 'ClassDeclaration' || declaration.type === 'FunctionDeclaration';
}

function declareImport(
  machine: Machine,
  specifier: ast.ImportDeclarationSpecifier,
  from: string,
  { scope, module }: Context,
): void {
  const local = specifier.local.name;
  scope.declareLazy(local, () => {
    const value = machine.import(from, importedName(specifier), module);
    // A value that was not read keeps the name that it has in this file.
    return value.kind === 'unknown' ? { ...value, expression: local } : value;
  });
}

/** `import fs = require('node:fs')` */
function declareImportEquals(
  machine: Machine,
  { id, moduleReference }: ast.TSImportEqualsDeclaration,
  { scope, module }: Context,
): void {
  if (moduleReference.type === 'TSExternalModuleReference')
    scope.declareLazy(id.name, () => machine.import(moduleReference.expression.value, '*', module));
}

function importedName(specifier: ast.ImportDeclarationSpecifier): string {
  if (specifier.type === 'ImportDefaultSpecifier') return 'default';
  if (specifier.type === 'ImportNamespaceSpecifier') return '*';
  const { imported } = specifier;
  return imported.type === 'Literal' ? imported.value : imported.name;
}

interface DeclarationContext extends Context {
  /** `declare`: another script or the platform defines the variable. */
  readonly kind: ast.VariableDeclaration['kind'] | 'declare';
}

function declareVariable(
  machine: Machine,
  declarator: ast.VariableDeclarator,
  { kind, ...context }: DeclarationContext,
): void {
  const names = patternNames(declarator.id);
  for (const name of names)
    context.scope.declareLazy(name, () =>
      machine.whileLoading(() => computeVariable(machine, { declarator, kind, name, names }, context)),
    );
}

interface LazyVariable {
  readonly declarator: ast.VariableDeclarator;
  readonly kind: DeclarationContext['kind'];
  readonly name: string;
  /** The names of all variables of the declarator, which are computed together. */
  readonly names: readonly string[];
}

function computeVariable(machine: Machine, lazy: LazyVariable, context: Context): Value {
  const { declarator, name, names } = lazy;
  const { scope } = context;
  if (lazy.kind === 'declare') return outsideValue(machine, lazy, context);
  const computed = LexicalScope.function(scope);
  const value = declarator.init ? machine.evaluate(declarator.init, context) : UNDEFINED;
  const isAnonymous = value.kind === 'function' && value.name === '';
  const binding = { machine, context, declareIn: computed };
  bindPattern(declarator.id, isAnonymous ? { ...value, name } : value, binding);
  for (const other of names) {
    const variable = scope.find(other);
    if (!variable?.compute || other === name) continue;
    variable.value = computed.find(other)?.value;
    variable.compute = undefined;
  }
  const result = computed.find(name)?.value ?? UNDEFINED;
  const variable = scope.find(name);
  if (!variable) return result;
  variable.value = result;
  variable.compute = undefined;
  runMutations(machine, name, context);
  variable.value = withLateValue(machine, variable.value, lazy, context);
  return variable.value;
}

/** A variable that code outside the migration sets: what its type says. */
function outsideValue(machine: Machine, { declarator, name }: LazyVariable, context: Context): Value {
  return annotatedValue(machine, declarator.id.typeAnnotation, context) ?? unknown(name);
}

/** Functions that run before the migration may assign the variable, or fill its list. */
function withLateValue(machine: Machine, value: Value, lazy: LazyVariable, context: Context): Value {
  const { name, kind } = lazy;
  const { module } = context;
  share(value, module);
  if (value.kind === 'object')
    typeProperties(value, memberHandles(machine, lazy.declarator.id.typeAnnotation, context));
  const isAssigned = lateAssignments(module).variables.has(name);
  if (value.kind === 'array' && (isAssigned || (value.items.length === 0 && isExported(module, name))))
    openList(value, name);
  if (isAssigned && value.kind === 'object') openContainer(value, name);
  if (kind === 'const' || !isAssigned) return value;
  const late = outsideValue(machine, lazy, context);
  // The program may also ask whether the variable is set: `if (!source)`.
  return isNothing(value) && late.kind === 'unknown' ? late : choice([value, late]);
}

function isExported({ exports }: ParsedModule, name: string): boolean {
  return [...exports.values()].some((entry) => entry.kind === 'local' && entry.name === name);
}

/** Runs the top-level statements that fill a variable: `statements.push(…)`, `for (…) statements.push(…)`. */
function runMutations(machine: Machine, name: string, context: Context): void {
  const { module } = context;
  for (const statement of module.program.body) {
    if (!isAction(statement)) continue;
    const code = module.source.slice(statement.start, statement.end);
    if (isChangedBy(code, name) && !/^\s*(?:module\.)?exports/.test(code))
      executeBlock(machine, [statement], { ...context, scope: LexicalScope.block(context.scope) });
  }
}

/** Whether a statement with this code may change the variable: `statements.push(…)`, `total += 1`. */
export function isChangedBy(code: string, name: string): boolean {
  return new RegExp(`(?<![\\w$.])${name.replace(/\$/g, '\\$')}(?=\\s*(?:\\.|\\[|[-+*|&?]*=(?!=)))`).test(
    code,
  );
}

export function isAction({ type }: ast.Statement | ast.Directive): boolean {
  return /^(?:Expression|If|Try|Block|Switch|While|For\w*)Statement$/.test(type);
}
