import { Injectable } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import { DataSource } from 'typeorm';
import { BackfillMetadata } from './backfill-metadata.accessor.js';
import { RequestScopedBackfillError } from './declaration.error.js';
import type { Declaration } from '../definition/definition.compiler.js';

/** Finds declared backfills and data sources among the application's providers. */
@Injectable()
export class BackfillExplorer {
  readonly #discovery: DiscoveryService;

  constructor(discovery: DiscoveryService) {
    this.#discovery = discovery;
  }

  /** @throws RequestScopedBackfillError */
  declarations(): Declaration[] {
    return this.#discovery.getProviders().flatMap((wrapper) => {
      // An alias (useExisting) is the same provider under a second name.
      if (wrapper.isAlias) return [];
      const options = this.#discovery.getMetadataByDecorator(BackfillMetadata, wrapper);
      if (options === undefined) return [];
      const className = classNameOf(wrapper);
      // Of a transient provider that nobody injects Nest makes a bare prototype, without its dependencies.
      if (!wrapper.isDependencyTreeStatic() || wrapper.isTransient)
        throw new RequestScopedBackfillError(className);
      return [{ className, options, instance: wrapper.instance as object }];
    });
  }

  /** The application's data sources by name, however they are provided. */
  dataSources(): Map<string, DataSource> {
    const found = new Map<string, DataSource>();
    for (const wrapper of this.#discovery.getProviders()) {
      const { instance, token } = wrapper as { instance: unknown; token: unknown };
      if (instance instanceof DataSource) found.set(dataSourceName(token, instance), instance);
    }
    return found;
  }
}

function classNameOf(wrapper: InstanceWrapper): string {
  return typeof wrapper.metatype === 'function' ? wrapper.metatype.name : String(wrapper.name);
}

/** @nestjs/typeorm provides the default one under the class, and one with a name under `<name>DataSource`. */
function dataSourceName(token: unknown, dataSource: DataSource): string {
  if (typeof token === 'string' && token.endsWith('DataSource') && token !== 'DataSource') {
    return token.slice(0, -'DataSource'.length);
  }
  return (dataSource as { name?: string }).name ?? 'default';
}
