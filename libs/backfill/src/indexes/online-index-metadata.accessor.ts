import { DiscoveryService } from '@nestjs/core';
import type { OnlineIndexOptions } from './index.options.js';

/** Where `@OnlineIndex` leaves its options, and the one way to read them. */
export const OnlineIndexMetadata = DiscoveryService.createDecorator<OnlineIndexOptions>();
