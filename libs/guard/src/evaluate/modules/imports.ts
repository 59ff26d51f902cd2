import { isBuiltin } from 'node:module';
import type { ParsedModule } from '../../source/parsed-module.js';
import type { Machine } from '../machine/machine.types.js';
import type { Value } from '../values/value.types.js';
import { importedFromPackage } from './known-packages.js';
import { exportedValue, namespaceOf } from './module-exports.js';

/** @param name the exported name, or `*` for the whole module */
export function importValue(machine: Machine, specifier: string, name: string, from: ParsedModule): Value {
  const builtin = specifier.replace(/^node:/, '').replace(/^fs-extra$/, 'fs');
  if (isBuiltin(builtin))
    return { kind: 'native', name: name === '*' || name === 'default' ? builtin : `${builtin}.${name}` };
  const module = machine.loader.import(specifier, from.source.path);
  if (!module)
    return importedFromPackage(
      { specifier, isPackage: machine.loader.isPackage(specifier, from.source.path) },
      name,
    );
  return name === '*' ? namespaceOf(machine, module) : exportedValue(machine, module, name);
}
