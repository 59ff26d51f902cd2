import type { FactoryProvider } from '@nestjs/common';
import { BackfillRegistry } from '../../backfills/definition/backfill.registry.js';
import type { BackfillDefinition } from '../../backfills/definition/definition.js';
import { INDEX_READINESS, type IndexReadiness } from '../../indexes/declare/index.readiness.js';
import { LedgerFactory } from '../../ledger/ledger.factory.js';
import { installedStep } from '../../ledger/ledger.installer.js';
import { LEDGER_OPTIONS, type LedgerModuleOptions } from '../../ledger/ledger.options.js';
import type { BackfillStatus } from '../../ledger/status.js';
import { Session } from '../../postgres/session.js';

/** Reads the statuses of backfills for the indexes phase. The two phases do not import each other. */
export const indexReadinessProvider: FactoryProvider<IndexReadiness> = {
  provide: INDEX_READINESS,
  inject: [BackfillRegistry, LedgerFactory, LEDGER_OPTIONS],
  useFactory: (
    registry: BackfillRegistry,
    ledgers: LedgerFactory,
    { schema }: LedgerModuleOptions,
  ): IndexReadiness => {
    const naming = (index: string) => registry.definitions.filter((each) => each.index?.name === index);
    return {
      namedBy: ({ options }) => naming(options.name).map(({ name }) => name),
      waitsFor: async ({ options }) => {
        const waiting: string[] = [];
        for (const definition of naming(options.name)) {
          const status = await readStatus(definition, ledgers, schema);
          if (status !== 'complete') waiting.push(`${definition.name}, which is ${status}`);
        }
        return waiting.length === 0 ? null : waiting.join(', and ');
      },
    };
  },
};

/** A backfill without a record has not been run yet. */
async function readStatus(
  definition: BackfillDefinition,
  ledgers: LedgerFactory,
  schema: string,
): Promise<BackfillStatus> {
  const session = await Session.open(definition.dataSource);
  try {
    const step = await installedStep(session, schema);
    if (step === 0) return 'pending';
    const ledger = ledgers.forInspection().of(definition);
    await ledger.locate(session, step);
    return (await ledger.status.read(session)) ?? 'pending';
  } finally {
    await session.close();
  }
}
