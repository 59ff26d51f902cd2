import { SetMetadata } from '@nestjs/common';
import type { DiscoveryService } from '@nestjs/core';

/** As `DiscoveryService.createDecorator` returns it. */
type DiscoverableDecorator<T> = ReturnType<typeof DiscoveryService.createDecorator<T>>;

/**
 * A decorator whose metadata `DiscoveryService.getMetadataByDecorator` reads. Its key is the same in every copy
 * of the library: an application may load the ES module build and the CommonJS build. A decorator of
 * `DiscoveryService.createDecorator` has a random key in each.
 */
export function discoverableDecorator<T>(name: string): DiscoverableDecorator<T> {
  const key = `nestjs-backfill:${name}`;
  return Object.assign((options?: T) => SetMetadata(key, options ?? {}), { KEY: key });
}
