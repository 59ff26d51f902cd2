import { DiscoveryService } from '@nestjs/core';
import type { BackfillThrottleOptions } from './throttle-check.js';

/** Where `@BackfillThrottle` leaves its options, and the one way to read them. */
export const ThrottleMetadata = DiscoveryService.createDecorator<BackfillThrottleOptions>();
