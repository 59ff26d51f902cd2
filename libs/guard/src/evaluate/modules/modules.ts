import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import type * as ast from 'oxc-parser';
import { parseJsonWithComments, type JsonValue } from '../../source/json-with-comments.js';
import { declaredNames, nameOf } from '../../source/module-parser.js';
import type { ParsedModule } from '../../source/parsed-module.js';
import { SourceText } from '../../source/source-text.js';
import { executeBlock } from '../statements/blocks.js';
import { enumValue } from '../classes/enums.js';
import type { Context, Machine } from '../machine/machine.types.js';
import { importedFromPackage } from './known-packages.js';
import { Scope } from '../machine/scope.js';
import { text } from '../values/text-value.js';
import { type Value, UNDEFINED, array, constant, object, unknown } from '../values/value.js';

/** The scope of a module; its variables are computed when they are first read, so that an import runs no foreign code. */
export function moduleScope(machine: Machine, module: ParsedModule): Scope {
  if (module.scope) return module.scope;
  const scope = new Scope(undefined, undefined, true);
  module.scope = scope;
  const context: Context = { scope, module };
  for (const statement of module.program.body) declareTopLevel(machine, statement, context);
  return scope;
}

function declareTopLevel(machine: Machine, statement: ast.Statement | ast.Directive, context: Context): void {
  const { scope, module } = context;
  switch (statement.type) {
    case 'ImportDeclaration':
      for (const specifier of statement.specifiers) {
        const name =
          specifier.type === 'ImportSpecifier'
            ? nameOf(specifier.imported)
            : specifier.type === 'ImportDefaultSpecifier'
              ? 'default'
              : '*';
        scope.declareLazy(specifier.local.name, () =>
          named(machine.import(statement.source.value, name, module), specifier.local.name),
        );
      }
      return;
    case 'TSImportEqualsDeclaration': {
      const { moduleReference, id } = statement;
      if (moduleReference.type === 'TSExternalModuleReference')
        scope.declareLazy(id.name, () => machine.import(moduleReference.expression.value, '*', module));
      return;
    }
    case 'ExportNamedDeclaration':
      if (statement.declaration) declareTopLevel(machine, statement.declaration, context);
      return;
    case 'ExportDefaultDeclaration': {
      const { declaration } = statement;
      if (
        (declaration.type === 'ClassDeclaration' || declaration.type === 'FunctionDeclaration') &&
        declaration.id
      )
        declareTopLevel(machine, declaration, context);
      return;
    }
    case 'VariableDeclaration':
      for (const declarator of statement.declarations) declareVariable(machine, declarator, context);
      return;
    case 'FunctionDeclaration':
    case 'ClassDeclaration':
      if (statement.id) scope.declareLazy(statement.id.name, () => machine.evaluate(statement, context));
      return;
    case 'TSEnumDeclaration':
      scope.declareLazy(statement.id.name, () => enumValue(machine, statement, context));
      return;
    default:
  }
}

/** An import that was not read keeps the name that the file gives it. */
function named(value: Value, name: string): Value {
  return value.kind === 'unknown' ? { ...value, expression: name } : value;
}

function declareVariable(machine: Machine, declarator: ast.VariableDeclarator, context: Context): void {
  const { scope, module } = context;
  const names = declaredNames({
    type: 'VariableDeclaration',
    kind: 'const',
    declarations: [declarator],
    declare: false,
    start: 0,
    end: 0,
  });
  for (const name of names) {
    scope.declareLazy(name, () => {
      const holder = new Scope(scope, undefined, true);
      const value = declarator.init ? machine.evaluate(declarator.init, context) : UNDEFINED;
      const isFunction = value.kind === 'function' && value.name === '';
      machine.bind(declarator.id, isFunction ? { ...value, name } : value, context, holder);
      for (const other of names) {
        const cell = scope.find(other);
        if (cell && cell.compute && other !== name) {
          cell.value = holder.find(other)?.value;
          cell.compute = undefined;
        }
      }
      const cell = scope.find(name);
      const result = holder.find(name)?.value ?? UNDEFINED;
      if (cell) {
        cell.value = result;
        cell.compute = undefined;
        runMutations(machine, name, { scope, module });
        return cell.value;
      }
      return result;
    });
  }
}

/** Top-level statements that fill a variable: `statements.push(…)`, `for (…) statements.push(…)`. */
function runMutations(machine: Machine, name: string, context: Context): void {
  const mentions = new RegExp(`(?<![\\w$.])${name.replace(/\$/g, '\\$')}(?=\\s*(?:\\.|\\[|[-+*|&?]*=(?!=)))`);
  for (const statement of context.module.program.body) {
    const isAction =
      statement.type === 'ExpressionStatement' ||
      statement.type.startsWith('For') ||
      statement.type === 'IfStatement';
    if (
      isAction &&
      mentions.test(context.module.source.slice(statement.start, statement.end)) &&
      !/^\s*(?:module\.)?exports/.test(context.module.source.slice(statement.start, statement.end))
    )
      executeBlock(machine, [statement], { ...context, scope: new Scope(context.scope) });
  }
}

export function importValue(machine: Machine, specifier: string, name: string, from: ParsedModule): Value {
  const builtin = specifier.replace(/^node:/, '').replace(/^fs-extra$/, 'fs');
  if (isBuiltin(builtin))
    return { kind: 'native', name: name === '*' || name === 'default' ? builtin : `${builtin}.${name}` };
  const path = machine.loader.resolve(specifier, from.source.path);
  if (path?.endsWith('.sql')) return sqlFile(path);
  if (path?.endsWith('.json')) return jsonFile(path);
  const parsed = path === undefined ? undefined : machine.loader.load(path);
  if (!parsed?.ok) return importedFromPackage(specifier, name);
  return name === '*' ? namespaceOf(machine, parsed.module) : exportedValue(machine, parsed.module, name);
}

function namespaceOf(machine: Machine, module: ParsedModule): Value {
  if (!module.commonJs) return { kind: 'namespace', module };
  return exportedValue(machine, module, 'module.exports');
}

const MAX_REEXPORTS = 60;

export function exportedValue(machine: Machine, module: ParsedModule, name: string): Value {
  const known = module.values.get(name);
  if (known) return known;
  // A circle of imports ends here.
  module.values.set(name, unknown(name, { module: module.source.path }));
  const value = computeExport(machine, module, name) ?? unknown(name, { module: module.source.path });
  module.values.set(name, value);
  return value;
}

function computeExport(machine: Machine, module: ParsedModule, name: string): Value | undefined {
  const context: Context = { scope: moduleScope(machine, module), module };
  if (name === 'module.exports')
    return module.commonJs ? machine.evaluate(module.commonJs, context) : undefined;
  const entry = module.exports.get(name);
  switch (entry?.kind) {
    case 'local':
      return machine.evaluate({ type: 'Identifier', name: entry.name, start: 0, end: 0 }, context);
    case 'expression':
      return machine.evaluate(entry.node, context);
    case 'reexport':
      return machine.import(entry.specifier, entry.name, module);
    case 'namespace':
      return machine.import(entry.specifier, '*', module);
    default:
  }
  if (module.commonJs) {
    const whole = exportedValue(machine, module, 'module.exports');
    return name === 'default' ? whole : machine.member(whole, name, name, context);
  }
  if (
    name === 'default' &&
    module.exports.size > 0 &&
    module.program.body.every((item) => !item.type.startsWith('Export'))
  )
    return { kind: 'namespace', module };
  return starExport(machine, module, name);
}

/** `export * from`: the first module that has the name; unread ones are tried last. */
function starExport(machine: Machine, module: ParsedModule, name: string): Value | undefined {
  let missing: Value | undefined;
  for (const specifier of module.starExports.slice(0, MAX_REEXPORTS)) {
    if (!mayExport(machine, specifier, name, module, 0)) continue;
    const value = machine.import(specifier, name, module);
    if (value.kind !== 'unknown') return value;
    missing ??= value;
  }
  return missing;
}

const MAX_DEPTH = 8;

function mayExport(
  machine: Machine,
  specifier: string,
  name: string,
  from: ParsedModule,
  depth: number,
): boolean {
  if (depth > MAX_DEPTH) return false;
  // Barrels re-export whole applications: a file that does not even mention the name is not parsed.
  if (!machine.loader.mentions(specifier, name, from.source.path)) return false;
  const target = machine.loader.import(specifier, from.source.path);
  if (!target) return !specifier.startsWith('.');
  return (
    target.exports.has(name) ||
    target.starExports.some((star) => mayExport(machine, star, name, target, depth + 1))
  );
}

export function sqlFile(path: string): Value {
  const source = new SourceText(path, readFileSync(path, 'utf8'));
  return text(source.text, { source, start: 0, end: source.text.length });
}

function jsonFile(path: string): Value {
  const json = parseJsonWithComments(readFileSync(path, 'utf8'));
  return json === undefined ? unknown(path) : fromJson(json);
}

function fromJson(json: JsonValue): Value {
  if (typeof json === 'string') return text(json);
  if (typeof json !== 'object' || json === null) return constant(json);
  if (Array.isArray(json)) return array((json as readonly JsonValue[]).map(fromJson));
  return object(Object.entries(json).map(([key, value]) => [key, fromJson(value)]));
}
