import { DiscoveryService } from '@nestjs/core';
import type { BackfillOptions } from './backfill.options.js';

/** Stores the options of `@Backfill`. Read them with `discovery.getMetadataByDecorator(BackfillMetadata, …)`. */
export const BackfillMetadata = DiscoveryService.createDecorator<BackfillOptions>();
