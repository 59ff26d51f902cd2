import type * as ast from 'oxc-parser';
import { LexicalScope } from '../machine/lexical-scope.js';
import type { Machine } from '../machine/machine.types.js';
import { lateAssignments } from '../modules/late-assignments.js';
import { share } from '../modules/shared-objects.js';
import { UNDEFINED, choice, isNothing, unknown } from '../values/value.js';
import type { ClassValue, Value } from '../values/value.types.js';
import { annotatedValue } from './annotations.js';
import { keyName, lineage } from './classes.js';

/** A static property. Code that runs before the migration may have set it. */
export function staticMember(machine: Machine, value: ClassValue, name: string): Value | undefined {
  const known = value.statics.get(name);
  if (known) return known;
  for (const home of lineage(machine, value)) {
    const definition = home.node.body.body.find(
      (item): item is ast.PropertyDefinition =>
        item.type === 'PropertyDefinition' && item.static && keyName(item.key) === name,
    );
    if (!definition) continue;
    // Without this, a member that is defined in terms of itself would be computed forever.
    value.statics.set(name, unknown(name));
    const computed = staticValue(machine, home, { definition, name });
    value.statics.set(name, computed);
    return computed;
  }
  return undefined;
}

interface StaticProperty {
  readonly definition: ast.PropertyDefinition;
  readonly name: string;
}

function staticValue(machine: Machine, home: ClassValue, { definition, name }: StaticProperty): Value {
  const { module } = home;
  const context = { scope: LexicalScope.function(home.scope, home), module };
  const initial = definition.value ? machine.evaluate(definition.value, context) : UNDEFINED;
  share(initial, module);
  const isSwitch = initial.kind === 'constant' && initial.value === false && !definition.readonly;
  const isLate = isNothing(initial) || isSwitch || lateAssignments(module).properties.has(name);
  if (!isLate) return initial;
  const late = annotatedValue(machine, definition.typeAnnotation, context) ?? unknown(name);
  // The program may also ask whether the property is set: `if (!Holder.source)`.
  return isNothing(initial) && late.kind === 'unknown' ? late : choice([initial, late]);
}
