import { DiscoveryService } from '@nestjs/core';
import type { BackfillOptions } from './backfill.options.js';

/** Where `@Backfill` leaves its options, and the one way to read them: `discovery.getMetadataByDecorator(BackfillMetadata, …)`. */
export const BackfillMetadata = DiscoveryService.createDecorator<BackfillOptions>();
