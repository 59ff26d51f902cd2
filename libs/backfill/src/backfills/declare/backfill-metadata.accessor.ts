import { DiscoveryService } from '@nestjs/core';
import type { BackfillOptions } from './backfill.options.js';

/**
 * Stores the options of `@Backfill`. `discovery.getMetadataByDecorator(BackfillMetadata, …)` reads them.
 */
export const BackfillMetadata = DiscoveryService.createDecorator<BackfillOptions>();
