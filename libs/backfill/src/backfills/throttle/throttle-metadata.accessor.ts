import { DiscoveryService } from '@nestjs/core';
import type { BackfillThrottleOptions } from './throttle-check.js';

/** The metadata that `@BackfillThrottle` writes. */
export const ThrottleMetadata = DiscoveryService.createDecorator<BackfillThrottleOptions>();
