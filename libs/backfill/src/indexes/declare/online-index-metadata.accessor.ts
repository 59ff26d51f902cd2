import { discoverableDecorator } from '../../identity/discoverable.decorator.js';
import type { OnlineIndexOptions } from './index.options.js';

/** Stores the options of `@OnlineIndex`. Only the explorer reads them. */
export const OnlineIndexMetadata = discoverableDecorator<OnlineIndexOptions>('online-index');
