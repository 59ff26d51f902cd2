import type { OnModuleDestroy } from '@nestjs/common';
import type { BackfillDefinition } from '../backfills/definition/definition.js';

/**
 * Ends the work before Nest destroys the backfill's instance. Nest destroys a provider before the providers
 * that it injects, but it destroys the library's global module last. The current batch would fail without a
 * client that its code calls, and its rows would go to the quarantine.
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
