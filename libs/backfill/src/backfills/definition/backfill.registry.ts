import { Inject, Injectable } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import { DataSourceRegistry } from '../../data-sources/data-source.registry.js';
import {
  DuplicateBackfillNameError,
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
    return this.#dataSources.postgres.map(({ dataSource }) => dataSource);
  }

  get names(): readonly string[] {
    return [...this.#definitions.keys()];
  }

  get definitions(): readonly BackfillDefinition[] {
    return [...this.#definitions.values()];
  }

  /** @returns all backfills if `names` is missing or empty @throws UnknownBackfillError */
  select(names: readonly string[] = []): readonly BackfillDefinition[] {
    for (const name of names) this.get(name);
    return this.definitions.filter(({ name }) => names.length === 0 || names.includes(name));
  }

  /** @throws UnknownBackfillError */
  get(name: string): BackfillDefinition {
    const definition = this.#definitions.get(name);
    if (!definition) throw new UnknownBackfillError(name, this.names);
    return definition;
  }

  /** A backfill and everything that it depends on, directly or indirectly. @throws UnknownBackfillError */
  withDependencies(name: string, found = new Set<string>()): ReadonlySet<string> {
    if (found.has(name)) return found;
    found.add(name);
    for (const dependency of this.get(name).dependsOn) this.withDependencies(dependency, found);
    return found;
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
    return inDependencyOrder(declared);
  }
}
