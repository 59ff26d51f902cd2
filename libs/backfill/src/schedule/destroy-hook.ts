import type { OnModuleDestroy } from '@nestjs/common';
import type { BackfillDefinition } from '../backfills/definition/definition.js';

/**
 * Stops the catch-up before Nest destroys the backfill's instance. Nest destroys the library's global module
 * last. Without this hook, Nest would destroy the providers of the backfill during the current batch: the
 * batch would fail, and its rows would go to the quarantine.
 */
export function endBeforeDestroy(definition: BackfillDefinition, end: () => Promise<void>): void {
  if (definition.kind !== 'transform' && definition.kind !== 'process') return;
  const instance = definition.code as Partial<OnModuleDestroy>;
  const original = instance.onModuleDestroy?.bind(instance);
  Object.defineProperty(instance, 'onModuleDestroy', {
    configurable: true,
    value: async (): Promise<void> => {
      await end();
      await original?.();
    },
  });
}
