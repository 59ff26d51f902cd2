import type { ModuleExport, ParsedModule } from '../../source/parsed-module.js';
import type { Context, Machine } from '../machine/machine.types.js';
import { choice, unknown } from '../values/value.js';
import type { Value } from '../values/value.types.js';
import { lateAssignments } from './late-assignments.js';
import { moduleScope } from './module-scope.js';
import { share } from './shared-objects.js';

/** The values of exports that were read. */
const exportedValues = new WeakMap<ParsedModule, Map<string, Value>>();

export function exportedValue(machine: Machine, module: ParsedModule, name: string): Value {
  const values = exportedValues.get(module) ?? new Map<string, Value>();
  exportedValues.set(module, values);
  const known = values.get(name);
  if (known) return known;
  const unread = unknown(name, { module: module.source.path, opaque: true });
  // Without this, modules that import one another would be computed forever.
  values.set(name, unread);
  const value = computeExport(machine, module, name) ?? unread;
  values.set(name, value);
  return value;
}

/** The value of `import * as x` and of `require()`. */
export function namespaceOf(machine: Machine, module: ParsedModule): Value {
  const { commonJs } = module;
  return commonJs ? exportedValue(machine, module, 'module.exports') : { kind: 'namespace', module };
}

function computeExport(machine: Machine, module: ParsedModule, name: string): Value | undefined {
  const context: Context = { scope: moduleScope(machine, module), module };
  if (name === 'module.exports') {
    const value = module.commonJs && machine.evaluate(module.commonJs, context);
    if (value) share(value, module);
    return value;
  }
  const entry = module.exports.get(name);
  if (!entry) return starExport(machine, module, name);
  const value = entryValue(machine, entry, context);
  share(value, module);
  // `exports.source = source` in a function.
  const isLate = entry.kind === 'expression' && lateAssignments(module).properties.has(name);
  return isLate ? choice([value, unknown(name)]) : value;
}

export function entryValue(machine: Machine, entry: ModuleExport, context: Context): Value {
  switch (entry.kind) {
    case 'local':
      return machine.evaluate({ type: 'Identifier', name: entry.name, start: 0, end: 0 }, context);
    case 'expression':
      return machine.evaluate(entry.node, context);
    case 'reexport':
      return machine.import(entry.specifier, entry.name, context.module);
  }
}

const MAX_STAR_EXPORTS = 60;

/** `export * from`: the export of the first module that has it. A module that was not read comes last. */
function starExport(machine: Machine, module: ParsedModule, name: string): Value | undefined {
  let unread: Value | undefined;
  for (const specifier of module.starExports.slice(0, MAX_STAR_EXPORTS)) {
    if (!mayExport(machine, { specifier, from: module }, name)) continue;
    const value = machine.import(specifier, name, module);
    if (value.kind !== 'unknown') return value;
    unread ??= value;
  }
  return unread;
}

const MAX_STAR_DEPTH = 8;

interface StarExport {
  readonly specifier: string;
  readonly from: ParsedModule;
}

function mayExport(machine: Machine, { specifier, from }: StarExport, name: string, depth = 0): boolean {
  if (depth > MAX_STAR_DEPTH) return false;
  // An index file may re-export a whole application: a file that does not contain the name is not parsed.
  if (!machine.loader.mayMention(specifier, name, from.source.path)) return false;
  const target = machine.loader.import(specifier, from.source.path);
  if (!target) return !specifier.startsWith('.');
  if (target.exports.has(name)) return true;
  return target.starExports.some((star) =>
    mayExport(machine, { specifier: star, from: target }, name, depth + 1),
  );
}
