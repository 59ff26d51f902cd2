import { DiscoveryService } from '@nestjs/core';
import type { OnlineIndexOptions } from './index.options.js';

/** Stores the options of `@OnlineIndex`. Only the explorer reads them. */
export const OnlineIndexMetadata = DiscoveryService.createDecorator<OnlineIndexOptions>();
