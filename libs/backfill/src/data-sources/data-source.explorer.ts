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

  /** By name, however they are provided. */
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
 * @nestjs/typeorm provides the default data source under the class, and a named one under `<name>DataSource`.
 */
function nameOf(token: unknown, dataSource: DataSource): string {
  if (typeof token === 'string' && token.endsWith('DataSource') && token !== 'DataSource') {
    return token.slice(0, -'DataSource'.length);
  }
  return (dataSource as { name?: string }).name ?? 'default';
}
