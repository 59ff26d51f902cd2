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

/** By the instance, because the provider may be a factory. */
function handlersOf(wrapper: InstanceWrapper): readonly EventHandler[] {
  const instance = wrapper.instance as object | null | undefined;
  if (typeof instance !== 'object' || instance === null) return [];
  return [...methodsOf(instance)].flatMap(([method, code]) => {
    const types = readHandlerMetadata(code);
    if (types === undefined) return [];
    const subscriber = `${instance.constructor.name}.${method}`;
    assertValid(subscriber, types, wrapper);
    return [{ subscriber, types, handle: (event: unknown) => code.call(instance, event) }];
  });
}

/** The methods of its class and of the classes above, by name. A getter is not called. */
function methodsOf(instance: object): ReadonlyMap<string, (...args: unknown[]) => unknown> {
  const methods = new Map<string, (...args: unknown[]) => unknown>();
  let prototype = Object.getPrototypeOf(instance) as object | null;
  for (
    ;
    prototype !== null && prototype !== Object.prototype;
    prototype = Object.getPrototypeOf(prototype) as object | null
  )
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype)))
      if (typeof value === 'function' && !methods.has(name)) methods.set(name, value as () => unknown);
  methods.delete('constructor');
  return methods;
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
