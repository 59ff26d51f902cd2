import { basename } from 'node:path';
import type * as ast from 'oxc-parser';
import type { ParsedModule } from '../../source/parsed-module.js';
import { className, findMethod, keyName, lineage, superOf } from '../classes/classes.js';
import type { Context, Machine } from '../machine/machine.types.js';
import type { ClassValue, FunctionValue, ObjectValue, Value } from '../values/value.types.js';
import { exportedValues, type ExportedValue, type UnreadModule } from './exported-values.js';
import { topLevelClasses } from './top-level-classes.js';

/** One migration: a class, or an object or a module with `up` and `down`, or an export that was not read. */
export interface MigrationCandidate {
  readonly name: string;
  /** The module that holds its code, which another module may export again. */
  readonly module: ParsedModule;
  readonly start: number;
  readonly end: number;
  readonly target:
    | { readonly kind: 'class'; readonly class: ClassValue }
    | { readonly kind: 'object'; readonly object: ObjectValue }
    | { readonly kind: 'module' }
    | { readonly kind: 'unread' };
  readonly isSchemaMigration: boolean;
  /** Why the guard does not know its `up`. */
  readonly unread?: string;
}

/** The base class of nestjs-backfill, which guards a migration at run time. */
const GUARDED_BASE = 'SchemaMigration';

/** Finds the migrations of a module: its classes, and what TypeORM loads of its exports. */
export function findMigrations(
  machine: Machine,
  module: ParsedModule,
  context: Context,
): readonly MigrationCandidate[] {
  const nodes = topLevelClasses(module).filter((node) => !node.abstract);
  const own = nodes.flatMap((node) => {
    const value = machine.evaluate(node, context);
    return fromValue(machine, { name: '', value }, module) ?? [];
  });
  if (own.length === 0 && module.exports.has('up')) return [fromTarget('up', module, { kind: 'module' })];
  const { values, unread } = exportedValues(machine, module, context);
  const known = new Set<ast.Class>(nodes);
  const others = distinct(values)
    .filter(({ value }) => value.kind !== 'class' || !known.has(value.node))
    .flatMap((exported) => fromValue(machine, exported, module) ?? []);
  return [...own, ...others, ...unread.flatMap((from) => unreadModule(from, module) ?? [])];
}

/** Also for a list of migrations, e.g. of a data source. */
export function migrationsOf(
  machine: Machine,
  values: readonly ExportedValue[],
  module: ParsedModule,
): readonly MigrationCandidate[] {
  return distinct(values).flatMap((each) => fromValue(machine, each, module) ?? []);
}

function distinct(values: readonly ExportedValue[]): readonly ExportedValue[] {
  const seen = new Set<Value>();
  return values.filter(({ value }) => !seen.has(value) && seen.add(value));
}

function fromValue(
  machine: Machine,
  { name, value }: ExportedValue,
  module: ParsedModule,
): MigrationCandidate | undefined {
  switch (value.kind) {
    case 'class':
      return value.node.abstract ? undefined : fromClass(machine, value, { name, module });
    case 'object': {
      if (value.properties.get('up')?.kind !== 'function') return undefined;
      return fromTarget(name === 'module.exports' ? 'default' : name, module, {
        kind: 'object',
        object: value,
      });
    }
    case 'function':
      return isOldClass(value, name)
        ? unreadCandidate(name, module, `${name} is a class in old syntax, which the guard cannot read`)
        : undefined;
    case 'unknown':
      return value.facts.opaque && mayBeMigration(name, module)
        ? unreadCandidate(
            name,
            module,
            `${value.expression} may be a migration, whose code the guard cannot read`,
          )
        : undefined;
    default:
      return undefined;
  }
}

/** Code that was compiled for ES5: `A.prototype.up = function …`. */
function isOldClass({ node, module }: FunctionValue, name: string): boolean {
  const own = node.type === 'ArrowFunctionExpression' ? name : (node.id?.name ?? name);
  return module.source.text.includes(`${own}.prototype.up`);
}

function fromTarget(
  name: string,
  module: ParsedModule,
  target: MigrationCandidate['target'],
): MigrationCandidate {
  return { name, module, start: 0, end: 0, target, isSchemaMigration: false };
}

/** An export whose code cannot be read. */
export function unreadCandidate(name: string, module: ParsedModule, unread: string): MigrationCandidate {
  return { ...fromTarget(name, module, { kind: 'unread' }), unread };
}

/** Whether TypeORM takes the file for a migration by its name, or a person would. */
export function isNamedLikeMigration(path: string): boolean {
  return /^\d{8,}/.test(basename(path));
}

/** TypeORM needs a timestamp at the end of a migration's name, or a property `name`. */
function mayBeMigration(name: string, module: ParsedModule): boolean {
  if (/\d{10,}$/.test(name)) return true;
  const isClassName = /^[A-Z]\w*[a-z]/.test(name) || name === 'default' || name === 'module.exports';
  return isClassName && isNamedLikeMigration(module.source.path);
}

function unreadModule({ specifier, isPackage }: UnreadModule, module: ParsedModule) {
  const isDoubtful = !isPackage || /migration/i.test(specifier) || isNamedLikeMigration(module.source.path);
  return isDoubtful
    ? unreadCandidate(
        `export * from '${specifier}'`,
        module,
        `the module ${specifier}, which the file exports again, cannot be read`,
      )
    : undefined;
}

interface ExportPlace {
  readonly name: string;
  /** The module that exports the class. */
  readonly module: ParsedModule;
}

function fromClass(
  machine: Machine,
  value: ClassValue,
  { name, module }: ExportPlace,
): MigrationCandidate | undefined {
  const { node } = value;
  const chain = lineage(machine, value);
  const parents = chain.map(({ node: { superClass } }) => superClass && className(superClass));
  const hasUp = findMethod(machine, value, { name: 'up' }) !== undefined || hasUpProperty(chain);
  const isNamed = [name, value.name].some((each) => mayBeMigration(each, module));
  const mayInherit = isNamed && hasUnreadParent(machine, chain);
  if (!hasUp && !mayInherit && !implementsMigration(chain) && !isMigrationByParent(parents)) return undefined;
  const candidate: MigrationCandidate = {
    name: value.name || (name === 'default' || name === 'module.exports' ? '' : name),
    module: value.module,
    start: node.start,
    end: node.end,
    target: { kind: 'class', class: value },
    isSchemaMigration: parents.includes(GUARDED_BASE),
  };
  if (hasUp) return candidate;
  const parent = parents.at(-1);
  const unread = parent
    ? `up() is inherited from ${parent}, whose code the guard cannot read`
    : 'the class has no method up()';
  return { ...candidate, unread };
}

function isMigrationByParent(parents: readonly (string | null | undefined)[]): boolean {
  return parents.some((parent) => /Migration/.test(parent ?? ''));
}

function hasUnreadParent(machine: Machine, chain: readonly ClassValue[]): boolean {
  const last = chain.at(-1);
  const parent = last && superOf(machine, last);
  return parent?.kind === 'unknown' && parent.facts.opaque === true;
}

function implementsMigration(chain: readonly ClassValue[]): boolean {
  return chain
    .flatMap(({ node }) => node.implements ?? [])
    .some(({ expression }: ast.TSClassImplements) => /MigrationInterface$/.test(nameOf(expression)));
}

function nameOf(expression: ast.TSClassImplements['expression']): string {
  return expression.type === 'Identifier' ? expression.name : '';
}

function hasUpProperty(chain: readonly ClassValue[]): boolean {
  return chain.some(({ node }) =>
    node.body.body.some(
      (item) => item.type === 'PropertyDefinition' && !item.static && keyName(item.key) === 'up',
    ),
  );
}
