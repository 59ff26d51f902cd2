import { Logger, type FactoryProvider } from '@nestjs/common';
import { BackfillService } from '../../backfills/backfill.service.js';
import { BackfillRegistry } from '../../backfills/definition/backfill.registry.js';
import { LedgerFactory } from '../../ledger/ledger.factory.js';
import { IndexesService } from '../../indexes/indexes.service.js';
import type { ProofOptions } from '../../backfills/status/completion.prover.js';
import {
  CONTRACT_BACKFILLS,
  type ContractBackfills,
  type GateRequest,
} from '../../migrations/contract.backfills.js';
import type { CompletionProof } from '../../migrations/migration.options.js';
import { sealRequired } from './contract-seal.js';

/** Proves, finishes and seals backfills for contract migrations. The two phases do not import each other. */
export const contractBackfillsProvider: FactoryProvider<ContractBackfills> = {
  provide: CONTRACT_BACKFILLS,
  inject: [BackfillService, BackfillRegistry, LedgerFactory, IndexesService],
  useFactory: (
    backfills: BackfillService,
    registry: BackfillRegistry,
    ledgers: LedgerFactory,
    indexes: IndexesService,
  ): ContractBackfills => ({
    gate: (request) => ({
      names: () => [...namesOf(registry), ...indexes.names],
      currentName: (name) => registry.currentName(name),
      prove: (name) =>
        namesOf(registry).includes(name)
          ? backfills.prove(name, proofOptions(request))
          : lookForIndex(indexes, name),
      finish: async (name) => {
        if (registry.names.includes(name)) await backfills.finish(name, request);
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

function proofOptions({ signal, log = new Logger('SchemaMigration') }: GateRequest): ProofOptions {
  return { log: (message) => log.log(message), ...(signal ? { signal } : {}) };
}

function namesOf({ names, formerNames, retired }: BackfillRegistry): readonly string[] {
  return [...names, ...formerNames, ...retired];
}

async function lookForIndex(indexes: IndexesService, name: string): Promise<CompletionProof> {
  const state = await indexes.stateOf(name);
  const presence = state?.presence ?? 'missing';
  return {
    kind: 'index',
    complete: presence === 'exists',
    status: presence,
    ...(state?.reason === undefined ? {} : { reason: state.reason }),
  };
}
