import { Inject, Injectable, type Type } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { DuplicateIndexNameError } from '../index.error.js';
import type { DeclaredIndex } from './index.options.js';
import { OnlineIndexMetadata } from './online-index-metadata.accessor.js';

/** A declared index with its class. */
export interface FoundIndex extends DeclaredIndex {
  readonly type: Type<unknown>;
}

/** Finds the declared indexes of the application. */
@Injectable()
export class IndexExplorer {
  readonly #discovery: DiscoveryService;

  constructor(@Inject(DiscoveryService) discovery: DiscoveryService) {
    this.#discovery = discovery;
  }

  /** @throws DuplicateIndexNameError */
  explore(): readonly FoundIndex[] {
    const found = new Map<string, FoundIndex>();
    for (const wrapper of this.#discovery.getProviders()) {
      const options = this.#discovery.getMetadataByDecorator(OnlineIndexMetadata, wrapper);
      const type = wrapper.metatype as Type<unknown> | null;
      const className = type?.name;
      if (!options || !type || className === undefined) continue;
      const other = found.get(options.name);
      if (other && other.className !== className)
        throw new DuplicateIndexNameError(options.name, other.className, className);
      found.set(options.name, { className, type, options });
    }
    return [...found.values()];
  }
}
