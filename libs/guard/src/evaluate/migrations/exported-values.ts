import type { ParsedModule } from '../../source/parsed-module.js';
import type { Context, Machine } from '../machine/machine.types.js';
import { entryValue } from '../modules/module-exports.js';
import { optionsOf } from '../values/value.js';
import type { Value } from '../values/value.types.js';

/** A value that a module exports, or an item of an exported list or record. */
export interface ExportedValue {
  /** The name of the export; of a property, that of the property. */
  readonly name: string;
  readonly value: Value;
}

/** A module that `export * from` names, and that the guard cannot read. */
export interface UnreadModule {
  readonly specifier: string;
  readonly isPackage: boolean;
}

export interface ModuleValues {
  readonly values: readonly ExportedValue[];
  readonly unread: readonly UnreadModule[];
}

/** Deeper lists and records are not searched; TypeORM does not limit the depth. */
const MAX_DEPTH = 4;

/** What TypeORM loads of a module: all exported values, in lists and records too. */
export function exportedValues(machine: Machine, module: ParsedModule, context: Context): ModuleValues {
  const values: ExportedValue[] = [];
  const unread: UnreadModule[] = [];
  if (module.commonJs)
    values.push(
      ...itemsOf(machine, { name: 'module.exports', value: machine.evaluate(module.commonJs, context) }),
    );
  for (const [name, entry] of module.exports)
    values.push(...itemsOf(machine, { name, value: entryValue(machine, entry, context) }));
  for (const found of starModules(machine, module)) {
    if ('specifier' in found) unread.push(found);
    else
      for (const name of found.exports.keys())
        if (name !== 'default')
          values.push(...itemsOf(machine, { name, value: machine.exported(found, name) }));
  }
  return { values, unread };
}

/** The modules behind `export * from`, at any depth. */
function starModules(machine: Machine, module: ParsedModule): readonly (ParsedModule | UnreadModule)[] {
  const found = new Set<ParsedModule>();
  const unread: UnreadModule[] = [];
  const follow = (from: ParsedModule): void => {
    for (const specifier of from.starExports) {
      const target = machine.loader.import(specifier, from.source.path);
      if (!target)
        unread.push({ specifier, isPackage: machine.loader.isPackage(specifier, from.source.path) });
      else if (target !== module && !found.has(target)) {
        found.add(target);
        follow(target);
      }
    }
  };
  follow(module);
  return [...found, ...unread];
}

/** The value and, of a list or a record, the values in it. */
export function itemsOf(
  machine: Machine,
  { name, value }: ExportedValue,
  depth = 0,
): readonly ExportedValue[] {
  if (depth > MAX_DEPTH) return [];
  switch (value.kind) {
    case 'choice':
      return optionsOf(value).flatMap((option) => itemsOf(machine, { name, value: option }, depth + 1));
    case 'array':
      return value.items.flatMap((item) => itemsOf(machine, { name, value: item }, depth + 1));
    case 'object':
      return [
        { name, value },
        ...[...value.properties].flatMap(([key, item]) =>
          itemsOf(machine, { name: key, value: item }, depth + 1),
        ),
      ];
    case 'namespace':
      return [...value.module.exports.keys()].flatMap((key) =>
        itemsOf(machine, { name: key, value: machine.exported(value.module, key) }, depth + 1),
      );
    default:
      return [{ name, value }];
  }
}
