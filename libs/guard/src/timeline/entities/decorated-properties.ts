import type * as ast from 'oxc-parser';
import { keyName, lineage } from '../../evaluate/classes/classes.js';
import type { Machine } from '../../evaluate/machine/machine.types.js';
import type { ClassValue, ObjectValue } from '../../evaluate/values/value.types.js';
import { contextOf, decorationsOf, type Decoration } from './decorations.js';

export interface DecoratedProperty {
  readonly name: string;
  readonly decorations: readonly Decoration[];
  readonly home: ClassValue;
  readonly node: ast.PropertyDefinition;
}

/** The properties with decorators of TypeORM, of a class and of its parents as far as they can be read. */
export function decoratedProperties(machine: Machine, value: ClassValue): readonly DecoratedProperty[] {
  const found = new Map<string, DecoratedProperty>();
  for (const home of lineage(machine, value))
    for (const node of home.node.body.body) {
      if (node.type !== 'PropertyDefinition' || node.decorators.length === 0) continue;
      const name = keyName(node.key);
      const decorations = decorationsOf(machine, node.decorators, contextOf(home));
      if (name !== undefined && decorations.length > 0 && !found.has(name))
        found.set(name, { name, decorations, home, node });
    }
  return [...found.values()];
}

/** The properties of the primary key. */
export function keyOf(machine: Machine, target: ClassValue | ObjectValue): readonly string[] {
  if (target.kind === 'class')
    return decoratedProperties(machine, target)
      .filter(({ decorations }) => decorations.some(({ name }) => name.startsWith('Primary')))
      .map(({ name }) => name);
  const columns = target.properties.get('columns');
  if (columns?.kind !== 'object') return [];
  return [...columns.properties].flatMap(([name, column]) => {
    const primary = column.kind === 'object' ? column.properties.get('primary') : undefined;
    return primary?.kind === 'constant' && primary.value === true ? [name] : [];
  });
}
