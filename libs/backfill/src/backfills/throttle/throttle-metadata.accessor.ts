import { discoverableDecorator } from '../../identity/discoverable.decorator.js';
import type { BackfillThrottleOptions } from './throttle-check.js';

/** The metadata that `@BackfillThrottle` writes. */
export const ThrottleMetadata = discoverableDecorator<BackfillThrottleOptions>('throttle');
