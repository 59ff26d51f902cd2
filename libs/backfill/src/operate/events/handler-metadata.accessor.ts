import type { BackfillEventType } from './event.types.js';

// The same key in every copy of the library, e.g. the ES module build and the CommonJS build.
const KEY = 'nestjs-backfill:on-backfill';

export function writeHandlerMetadata(method: object, types: readonly BackfillEventType[]): void {
  Reflect.defineMetadata(KEY, types, method);
}

/** The types of events that a method receives; undefined for any other method. */
export function readHandlerMetadata(method: object): readonly BackfillEventType[] | undefined {
  return Reflect.getMetadata(KEY, method) as readonly BackfillEventType[] | undefined;
}
