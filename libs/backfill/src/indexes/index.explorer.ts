import { Injectable } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { DuplicateIndexNameError } from './index.error.js';
import type { DeclaredIndex } from './index.options.js';
import { OnlineIndexMetadata } from './online-index-metadata.accessor.js';

/** Finds the indexes that the application declares. */
@Injectable()
export class IndexExplorer {
  constructor(private readonly discovery: DiscoveryService) {}

  /** @throws DuplicateIndexNameError */
  explore(): readonly DeclaredIndex[] {
    const found = new Map<string, DeclaredIndex>();
    for (const wrapper of this.discovery.getProviders({ metadataKey: OnlineIndexMetadata.KEY })) {
      const options = this.discovery.getMetadataByDecorator(OnlineIndexMetadata, wrapper);
      const className = wrapper.metatype?.name;
      if (!options || className === undefined) continue;
      const other = found.get(options.name);
      if (other && other.className !== className)
        throw new DuplicateIndexNameError(options.name, other.className, className);
      found.set(options.name, { className, options });
    }
    return [...found.values()];
  }
}
