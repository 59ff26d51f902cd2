import type { OnModuleDestroy } from '@nestjs/common';
import type { BackfillDefinition } from '../backfills/definition/definition.js';

/**
 * Lets work end before the backfill's instance is destroyed, and so before what it injects is: Nest destroys a provider's dependencies after
 * the provider. The library's own module is global, and would be told last of all: by then a batch in hand could fail for want of a client
 * that its code calls, and its rows would be taken for poisonous.
 */
export function endBefore(definition: BackfillDefinition, end: () => Promise<void>): void {
  if (definition.kind !== 'transform' && definition.kind !== 'process') return;
  const instance = definition.code as Partial<OnModuleDestroy>;
  const own = instance.onModuleDestroy?.bind(instance);
  Object.defineProperty(instance, 'onModuleDestroy', {
    configurable: true,
    value: async (): Promise<void> => {
      await end();
      await own?.();
    },
  });
}
