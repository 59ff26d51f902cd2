import { Injectable } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { nearest } from '../../text/nearest.js';
import { EventHandlerError } from './event.error.js';
import { BACKFILL_EVENT_TYPES, type BackfillEventType } from './event.types.js';
import { readHandlerMetadata } from './handler-metadata.accessor.js';

/** A method that receives events. */
export interface EventHandler {
  /** `Class.method`. */
  readonly subscriber: string;
  readonly types: readonly BackfillEventType[];
  readonly handle: (event: unknown) => unknown;
}

type InstanceWrapper = ReturnType<DiscoveryService['getProviders']>[number];

/** Finds the methods with `@OnBackfill` among the application's providers. */
@Injectable()
export class HandlerExplorer {
  readonly #discovery: DiscoveryService;

  constructor(discovery: DiscoveryService) {
    this.#discovery = discovery;
  }

  /** @throws EventHandlerError */
  explore(): readonly EventHandler[] {
    const found = new Map<string, EventHandler>();
    for (const wrapper of this.#discovery.getProviders()) {
      if (wrapper.isAlias) continue;
      for (const handler of handlersOf(wrapper)) {
        if (found.has(handler.subscriber))
          throw new EventHandlerError(
            handler.subscriber,
            'two providers have this class and method',
            'Give one of the classes another name, or provide it in one module only.',
          );
        found.set(handler.subscriber, handler);
      }
    }
    return [...found.values()];
  }
}

function handlersOf(wrapper: InstanceWrapper): readonly EventHandler[] {
  const { metatype } = wrapper;
  if (typeof metatype !== 'function' || typeof metatype.prototype !== 'object') return [];
  const prototype = metatype.prototype as Record<string, unknown>;
  return methodsOf(prototype).flatMap((method) => {
    const code = prototype[method];
    const types = typeof code === 'function' ? readHandlerMetadata(code) : undefined;
    if (types === undefined) return [];
    const subscriber = `${metatype.name}.${method}`;
    assertValid(subscriber, types, wrapper);
    const handle = (event: unknown) =>
      (wrapper.instance as Record<string, (event: unknown) => unknown>)[method]?.(event);
    return [{ subscriber, types, handle }];
  });
}

/** Own and inherited methods. A getter is not called. */
function methodsOf(prototype: object): string[] {
  const names = new Set<string>();
  for (let own = prototype; own && own !== Object.prototype; own = Object.getPrototypeOf(own) as object)
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(own)))
      if (typeof value === 'function' && name !== 'constructor') names.add(name);
  return [...names];
}

function assertValid(subscriber: string, types: readonly string[], wrapper: InstanceWrapper): void {
  const known: readonly string[] = BACKFILL_EVENT_TYPES;
  const unknown = types.find((type) => !known.includes(type));
  if (types.length === 0 || unknown !== undefined) {
    const meant = unknown === undefined ? undefined : nearest(unknown, known);
    throw new EventHandlerError(
      subscriber,
      unknown === undefined ? '@OnBackfill has no type of event' : `"${unknown}" is no type of event`,
      `${meant === undefined ? '' : `Did you mean '${meant}'? `}The types are ${known.join(', ')}.`,
    );
  }
  if (!wrapper.isDependencyTreeStatic() || wrapper.isTransient)
    throw new EventHandlerError(
      subscriber,
      'its provider is not a singleton, and events belong to no request',
      'Use the default scope.',
    );
}
