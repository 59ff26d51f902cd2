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
  const search = new ItemSearch(machine);
  if (module.commonJs)
    values.push(
      ...search.itemsOf({ name: 'module.exports', value: machine.evaluate(module.commonJs, context) }),
    );
  for (const [name, entry] of module.exports)
    values.push(...search.itemsOf({ name, value: entryValue(machine, entry, context) }));
  for (const found of starModules(machine, module)) {
    if ('specifier' in found) unread.push(found);
    else
      for (const name of found.exports.keys())
        if (name !== 'default')
          values.push(...search.itemsOf({ name, value: machine.exported(found, name) }));
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

/** The value and, of a list, a record or a module, the values in it. */
export function itemsOf(machine: Machine, exported: ExportedValue): readonly ExportedValue[] {
  return new ItemSearch(machine).itemsOf(exported);
}

/** Searches a module once: modules may export one another, by very many ways. */
class ItemSearch {
  readonly #machine: Machine;
  readonly #seen = new Set<ParsedModule>();

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  itemsOf({ name, value }: ExportedValue, depth = 0): readonly ExportedValue[] {
    this.#machine.countStep();
    if (depth > MAX_DEPTH) return [];
    switch (value.kind) {
      case 'choice':
        return optionsOf(value).flatMap((option) => this.itemsOf({ name, value: option }, depth + 1));
      case 'array':
        return value.items.flatMap((item) => this.itemsOf({ name, value: item }, depth + 1));
      case 'object':
        return [
          { name, value },
          ...[...value.properties].flatMap(([key, item]) =>
            this.itemsOf({ name: key, value: item }, depth + 1),
          ),
        ];
      case 'namespace':
        return this.#ofModule(value.module);
      default:
        return [{ name, value }];
    }
  }

  /** At any depth: what is skipped as seen must have been searched completely. */
  #ofModule(module: ParsedModule): readonly ExportedValue[] {
    if (this.#seen.has(module)) return [];
    this.#seen.add(module);
    return [...module.exports.keys()].flatMap((name) =>
      this.itemsOf({ name, value: this.#machine.exported(module, name) }),
    );
  }
}
