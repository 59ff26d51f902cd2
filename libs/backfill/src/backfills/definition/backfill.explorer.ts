import { Injectable } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import { BackfillMetadata } from '../declare/backfill-metadata.accessor.js';
import { RequestScopedBackfillError } from '../declare/errors/scope.error.js';
import type { Declaration } from './declaration.js';

/** Finds the declared backfills among the application's providers. */
@Injectable()
export class BackfillExplorer {
  readonly #discovery: DiscoveryService;

  constructor(discovery: DiscoveryService) {
    this.#discovery = discovery;
  }

  /** @throws RequestScopedBackfillError */
  explore(): Declaration[] {
    return this.#discovery.getProviders().flatMap((wrapper) => {
      // An alias (useExisting) is the same provider under a second token.
      if (wrapper.isAlias) return [];
      const options = this.#discovery.getMetadataByDecorator(BackfillMetadata, wrapper);
      if (options === undefined) return [];
      const className = classNameOf(wrapper);
      // For a transient provider that nothing injects, Nest creates a prototype without its dependencies.
      if (!wrapper.isDependencyTreeStatic() || wrapper.isTransient)
        throw new RequestScopedBackfillError(className);
      return [{ className, options, instance: wrapper.instance as object }];
    });
  }
}

function classNameOf(wrapper: InstanceWrapper): string {
  return typeof wrapper.metatype === 'function' ? wrapper.metatype.name : String(wrapper.name);
}
