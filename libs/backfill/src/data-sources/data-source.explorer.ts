import { Injectable } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { DataSource } from 'typeorm';

/** Finds the TypeORM data sources among the application's providers. */
@Injectable()
export class DataSourceExplorer {
  readonly #discovery: DiscoveryService;

  constructor(discovery: DiscoveryService) {
    this.#discovery = discovery;
  }

  /** Returns the data sources by name. */
  explore(): ReadonlyMap<string, DataSource> {
    const found = new Map<string, DataSource>();
    for (const wrapper of this.#discovery.getProviders()) {
      const { instance, token } = wrapper as { instance: unknown; token: unknown };
      if (instance instanceof DataSource) found.set(nameOf(token, instance), instance);
    }
    return found;
  }
}

/**
 * In `@nestjs/typeorm`, the token of the default data source is the class, and the token of a named data
 * source is `<name>DataSource`.
 */
function nameOf(token: unknown, dataSource: DataSource): string {
  if (typeof token === 'string' && token.endsWith('DataSource') && token !== 'DataSource') {
    return token.slice(0, -'DataSource'.length);
  }
  return (dataSource as { name?: string }).name ?? 'default';
}
