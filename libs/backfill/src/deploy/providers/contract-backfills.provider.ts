import type { FactoryProvider } from '@nestjs/common';
import { BackfillService } from '../../backfills/backfill.service.js';
import { BackfillRegistry } from '../../backfills/definition/backfill.registry.js';
import { LedgerFactory } from '../../ledger/ledger.factory.js';
import { CONTRACT_BACKFILLS, type ContractBackfills } from '../../migrations/contract.backfills.js';
import { sealRequired } from './contract-seal.js';

/** Proves, finishes and seals backfills for contract migrations. The two phases do not import each other. */
export const contractBackfillsProvider: FactoryProvider<ContractBackfills> = {
  provide: CONTRACT_BACKFILLS,
  inject: [BackfillService, BackfillRegistry, LedgerFactory],
  useFactory: (
    backfills: BackfillService,
    registry: BackfillRegistry,
    ledgers: LedgerFactory,
  ): ContractBackfills => ({
    gate: (request) => ({
      names: () => [...backfills.names, ...registry.retired],
      prove: (name) => backfills.prove(name),
      finish: async (name) => {
        if (!registry.retired.includes(name)) await backfills.finish(name, request);
      },
    }),
    seal: (dataSource, ran, log) =>
      sealRequired(dataSource, ran, {
        definitions: registry.definitions,
        ledger: ledgers.forInspection(),
        schema: backfills.schema,
        log,
      }),
  }),
};
