import { discoverableDecorator } from '../../identity/discoverable.decorator.js';
import type { BackfillOptions } from './backfill.options.js';

/**
 * Stores the options of `@Backfill`. `discovery.getMetadataByDecorator(BackfillMetadata, …)` reads them.
 */
export const BackfillMetadata = discoverableDecorator<BackfillOptions>('backfill');
