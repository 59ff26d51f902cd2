import { Inject, Injectable } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import { DataSourceExplorer } from './data-source.explorer.js';

/** A data source and its name in the application. */
export interface NamedDataSource {
  readonly name: string;
  readonly dataSource: DataSource;
}

/** The application's TypeORM data sources, for all three phases. */
@Injectable()
export class DataSourceRegistry {
  readonly #explorer: DataSourceExplorer;
  #found: ReadonlyMap<string, DataSource> | null = null;

  constructor(@Inject(DataSourceExplorer) explorer: DataSourceExplorer) {
    this.#explorer = explorer;
  }

  /** Explored on first use, when Nest has created the instances of all providers. */
  get all(): ReadonlyMap<string, DataSource> {
    return (this.#found ??= this.#explorer.explore());
  }

  get postgres(): readonly NamedDataSource[] {
    return [...this.all]
      .map(([name, dataSource]) => ({ name, dataSource }))
      .filter(({ dataSource }) => dataSource.options.type === 'postgres');
  }
}
