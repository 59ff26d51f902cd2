import type { BackfillDefinition } from '../definition/definition.js';
import {
  DependencyCycleError,
  DuplicateBackfillNameError,
  UnknownBackfillError,
  UnknownDependencyError,
} from './declaration.error.js';

/** The declared backfills, in an order in which each comes after those that it depends on. */
export class BackfillRegistry {
  readonly #byName: ReadonlyMap<string, BackfillDefinition>;

  /** @throws DuplicateBackfillNameError, UnknownDependencyError, DependencyCycleError */
  constructor(definitions: readonly BackfillDefinition[]) {
    const declared = new Map<string, BackfillDefinition>();
    for (const definition of definitions) {
      const other = declared.get(definition.name);
      if (other) throw new DuplicateBackfillNameError(definition.name, other.className, definition.className);
      declared.set(definition.name, definition);
    }
    this.#byName = inOrder(declared);
  }

  get names(): readonly string[] {
    return [...this.#byName.keys()];
  }

  /** All, or those named. @throws UnknownBackfillError */
  select(names?: readonly string[]): BackfillDefinition[] {
    for (const name of names ?? []) {
      if (!this.#byName.has(name)) throw new UnknownBackfillError(name, this.names);
    }
    return [...this.#byName.values()].filter(
      ({ name }) => !names || names.length === 0 || names.includes(name),
    );
  }
}

/** Depth first: what a backfill depends on comes before it; else the order of declaration is kept. */
function inOrder(declared: ReadonlyMap<string, BackfillDefinition>): Map<string, BackfillDefinition> {
  const ordered = new Map<string, BackfillDefinition>();
  const visit = (definition: BackfillDefinition, path: readonly string[]): void => {
    if (ordered.has(definition.name)) return;
    const at = path.indexOf(definition.name);
    if (at >= 0) throw new DependencyCycleError([...path.slice(at), definition.name]);
    for (const name of definition.dependsOn) {
      const dependency = declared.get(name);
      if (!dependency) throw new UnknownDependencyError(definition.name, name, [...declared.keys()]);
      visit(dependency, [...path, definition.name]);
    }
    ordered.set(definition.name, definition);
  };
  for (const definition of declared.values()) visit(definition, []);
  return ordered;
}
