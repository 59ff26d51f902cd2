import { DependencyCycleError, UnknownDependencyError } from '../declare/errors/dependency.error.js';
import type { BackfillDefinition } from './definition.js';

type Definitions = ReadonlyMap<string, BackfillDefinition>;

/**
 * Sorts depth-first: each backfill comes after its dependencies. Otherwise it keeps the order of declaration.
 *
 * @param declared by name
 * @throws UnknownDependencyError, DependencyCycleError
 */
export function inDependencyOrder(declared: Definitions): Definitions {
  const ordered = new Map<string, BackfillDefinition>();
  for (const definition of declared.values()) visit(definition, [], { declared, ordered });
  return ordered;
}

/** @param path the names of the backfills that were visited on the way to this one */
function visit(
  definition: BackfillDefinition,
  path: readonly string[],
  state: { readonly declared: Definitions; readonly ordered: Map<string, BackfillDefinition> },
): void {
  const { declared, ordered } = state;
  if (ordered.has(definition.name)) return;
  const at = path.indexOf(definition.name);
  if (at >= 0) throw new DependencyCycleError([...path.slice(at), definition.name]);
  for (const name of definition.dependsOn) {
    const dependency = declared.get(name);
    if (!dependency) throw new UnknownDependencyError(definition.name, name, [...declared.keys()]);
    visit(dependency, [...path, definition.name], state);
  }
  ordered.set(definition.name, definition);
}
