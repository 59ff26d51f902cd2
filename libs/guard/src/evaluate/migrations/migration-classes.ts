import type * as ast from 'oxc-parser';
import type { ParsedModule } from '../../source/parsed-module.js';
import { className, findMethod, keyName, lineage } from '../classes/classes.js';
import type { Context, Machine } from '../machine/machine.types.js';
import { entryValue } from '../modules/module-exports.js';
import type { ClassValue, ObjectValue, Value } from '../values/value.types.js';
import { topLevelClasses } from './top-level-classes.js';

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
  /** The name of the unread parent class, when the migration has no `up` of its own. */
  readonly missingUp?: string;
}

/** The base class of nestjs-backfill, which guards a migration at run time. */
const GUARDED_BASE = 'SchemaMigration';

/** Finds the migrations of a module, regardless of how it exports them. */
export function findMigrations(
  machine: Machine,
  module: ParsedModule,
  context: Context,
): readonly MigrationCandidate[] {
  const classes = topLevelClasses(module)
    .filter((node) => !node.abstract)
    .map((node) => fromValue(machine, machine.evaluate(node, context)))
    .filter((found) => found !== undefined);
  if (classes.length > 0) return classes;
  if (module.exports.has('up')) return [fromTarget('up', { kind: 'module' })];
  return exportedValues(machine, module, context)
    .map((value) => fromValue(machine, value))
    .filter((found) => found !== undefined);
}

function exportedValues(machine: Machine, module: ParsedModule, context: Context): readonly Value[] {
  const entries = [...module.exports.values()].filter(({ kind }) => kind !== 'reexport');
  const values = entries.map((entry) => entryValue(machine, entry, context));
  return module.commonJs ? [machine.evaluate(module.commonJs, context), ...values] : values;
}

function fromValue(machine: Machine, value: Value): MigrationCandidate | undefined {
  if (value.kind === 'class') return fromClass(machine, value);
  if (value.kind !== 'object' || value.properties.get('up')?.kind !== 'function') return undefined;
  return fromTarget('default', { kind: 'object', object: value });
}

function fromTarget(name: string, target: MigrationCandidate['target']): MigrationCandidate {
  return { name, start: 0, end: 0, target, isSchemaMigration: false };
}

function fromClass(machine: Machine, value: ClassValue): MigrationCandidate | undefined {
  const { node, name } = value;
  const chain = lineage(machine, value);
  const parents = chain.map(({ node: { superClass } }) => superClass && className(superClass));
  const hasUp = findMethod(machine, value, { name: 'up' }) !== undefined || hasUpProperty(value);
  if (!hasUp && !implementsMigration(chain) && !parents.some((parent) => /Migration/.test(parent ?? '')))
    return undefined;
  const candidate: MigrationCandidate = {
    name,
    start: node.start,
    end: node.end,
    target: { kind: 'class', class: value },
    isSchemaMigration: parents.includes(GUARDED_BASE),
  };
  return hasUp ? candidate : { ...candidate, missingUp: parents.at(-1) ?? 'nothing' };
}

function implementsMigration(chain: readonly ClassValue[]): boolean {
  return chain
    .flatMap(({ node }) => node.implements ?? [])
    .some(({ expression }: ast.TSClassImplements) => /MigrationInterface$/.test(nameOf(expression)));
}

function nameOf(expression: ast.TSClassImplements['expression']): string {
  return expression.type === 'Identifier' ? expression.name : '';
}

function hasUpProperty(value: ClassValue): boolean {
  return value.node.body.body.some(
    (item) => item.type === 'PropertyDefinition' && !item.static && keyName(item.key) === 'up',
  );
}
