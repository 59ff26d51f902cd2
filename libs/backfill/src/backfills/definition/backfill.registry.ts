import { Inject, Injectable } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import { DataSourceRegistry, type NamedDataSource } from '../../data-sources/data-source.registry.js';
import {
  DuplicateBackfillNameError,
  FormerNameError,
  RetiredBackfillError,
  UnknownBackfillError,
} from '../declare/errors/name.error.js';
import { INDEX_DIRECTORY, type IndexDirectory } from '../declare/index.directory.js';
import { BACKFILL_MODULE_DEFAULTS, type BackfillModuleDefaults } from '../declare/module.options.js';
import { BackfillExplorer } from './backfill.explorer.js';
import { compileDefinition } from './compile/definition.compiler.js';
import type { BackfillDefinition } from './definition.js';
import { inDependencyOrder } from './dependency.order.js';

/** The declared backfills, in dependency order. */
@Injectable()
export class BackfillRegistry {
  readonly #explorer: BackfillExplorer;
  readonly #dataSources: DataSourceRegistry;
  readonly #defaults: BackfillModuleDefaults;
  readonly #indexes: IndexDirectory;
  #compiled: ReadonlyMap<string, BackfillDefinition> | null = null;

  constructor(
    @Inject(BackfillExplorer) explorer: BackfillExplorer,
    @Inject(DataSourceRegistry) dataSources: DataSourceRegistry,
    @Inject(BACKFILL_MODULE_DEFAULTS) defaults: BackfillModuleDefaults,
    @Inject(INDEX_DIRECTORY) indexes: IndexDirectory,
  ) {
    this.#explorer = explorer;
    this.#dataSources = dataSources;
    this.#defaults = defaults;
    this.#indexes = indexes;
  }

  /** The names of the backfills whose classes were removed. */
  get retired(): readonly string[] {
    return this.#defaults.retired ?? [];
  }

  /** The application's PostgreSQL data sources. */
  get dataSources(): readonly DataSource[] {
    return this.namedDataSources.map(({ dataSource }) => dataSource);
  }

  get namedDataSources(): readonly NamedDataSource[] {
    return this.#dataSources.postgres;
  }

  get names(): readonly string[] {
    return [...this.#definitions.keys()];
  }

  get definitions(): readonly BackfillDefinition[] {
    return [...this.#definitions.values()];
  }

  /** The names that declared backfills had before. */
  get formerNames(): readonly string[] {
    return [...this.#renamed.keys()];
  }

  /** The current name of a backfill that may have been renamed. */
  currentName(name: string): string {
    return this.#renamed.get(name) ?? name;
  }

  /** @returns all backfills if `names` is missing or empty @throws UnknownBackfillError */
  select(names: readonly string[] = []): readonly BackfillDefinition[] {
    for (const name of names) this.get(name);
    return this.definitions.filter(({ name }) => names.length === 0 || names.includes(name));
  }

  namesExcept(selected: readonly BackfillDefinition[]): readonly string[] {
    return this.names.filter((name) => !selected.some((each) => each.name === name));
  }

  /** @throws UnknownBackfillError */
  get(name: string): BackfillDefinition {
    const definition = this.#definitions.get(name);
    if (!definition) throw new UnknownBackfillError(name, this.names, this.#renamed.get(name));
    return definition;
  }

  /** A backfill and everything that it depends on, directly or indirectly. @throws UnknownBackfillError */
  withDependencies(name: string, found = new Set<string>()): ReadonlySet<string> {
    if (found.has(name)) return found;
    found.add(name);
    for (const dependency of this.get(name).dependsOn) this.withDependencies(dependency, found);
    return found;
  }

  /** The current names by the former ones. */
  get #renamed(): ReadonlyMap<string, string> {
    return new Map(
      this.definitions.flatMap(({ name, formerly }) => formerly.map((former) => [former, name] as const)),
    );
  }

  /** Compiled on first use, when Nest has created the instances of all providers. */
  get #definitions(): ReadonlyMap<string, BackfillDefinition> {
    return (this.#compiled ??= this.#compile());
  }

  #compile(): ReadonlyMap<string, BackfillDefinition> {
    const context = {
      dataSources: this.#dataSources.all,
      moduleDefaults: this.#defaults,
      indexes: this.#indexes,
    };
    const declared = new Map<string, BackfillDefinition>();
    for (const declaration of this.#explorer.explore()) {
      const definition = compileDefinition(declaration, context);
      const other = declared.get(definition.name);
      if (other) throw new DuplicateBackfillNameError(definition.name, other.className, definition.className);
      if (this.retired.includes(definition.name))
        throw new RetiredBackfillError(definition.name, definition.className);
      declared.set(definition.name, definition);
    }
    return inDependencyOrder(withCurrentNames(declared, this.retired));
  }
}

/**
 * A backfill may depend on a former name.
 *
 * @throws FormerNameError
 */
function withCurrentNames(
  declared: ReadonlyMap<string, BackfillDefinition>,
  retired: readonly string[],
): ReadonlyMap<string, BackfillDefinition> {
  const owners = new Map<string, BackfillDefinition>();
  for (const definition of declared.values())
    for (const former of definition.formerly) {
      const use = useOf(former, { declared: declared.get(former), owner: owners.get(former), retired });
      if (use !== null) throw new FormerNameError(definition.className, former, use);
      owners.set(former, definition);
    }
  return new Map(
    [...declared].map(([key, definition]) => [
      key,
      { ...definition, dependsOn: definition.dependsOn.map((name) => owners.get(name)?.name ?? name) },
    ]),
  );
}

function useOf(
  former: string,
  {
    declared,
    owner,
    retired,
  }: {
    readonly declared: BackfillDefinition | undefined;
    readonly owner: BackfillDefinition | undefined;
    readonly retired: readonly string[];
  },
): string | null {
  if (declared) return `${declared.className} declares a backfill of this name`;
  if (owner) return `${owner.className} names it too`;
  return retired.includes(former) ? 'the module lists it in `retired`' : null;
}
