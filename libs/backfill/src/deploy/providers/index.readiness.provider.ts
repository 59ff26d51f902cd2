import type { FactoryProvider } from '@nestjs/common';
import { BackfillService } from '../../backfills/backfill.service.js';
import { BackfillRegistry } from '../../backfills/definition/backfill.registry.js';
import type { BackfillDefinition } from '../../backfills/definition/definition.js';
import {
  INDEX_READINESS,
  type IndexReadiness,
  type ReadinessProof,
} from '../../indexes/declare/index.readiness.js';
import { LedgerFactory } from '../../ledger/ledger.factory.js';
import { installedStep } from '../../ledger/ledger.installer.js';
import { LEDGER_OPTIONS, type LedgerModuleOptions } from '../../ledger/ledger.options.js';
import type { BackfillStatus } from '../../ledger/status.js';
import { Session } from '../../postgres/session.js';
import { formatQuantity } from '../../text/quantity.format.js';

/** Reads the statuses of backfills for the indexes phase. The two phases do not import each other. */
export const indexReadinessProvider: FactoryProvider<IndexReadiness> = {
  provide: INDEX_READINESS,
  inject: [BackfillRegistry, BackfillService, LedgerFactory, LEDGER_OPTIONS],
  useFactory: (
    registry: BackfillRegistry,
    backfills: BackfillService,
    ledgers: LedgerFactory,
    { schema }: LedgerModuleOptions,
  ): IndexReadiness => {
    const naming = (index: string) => registry.definitions.filter((each) => each.index?.name === index);
    const statusOf = (definition: BackfillDefinition) => readStatus(definition, ledgers, schema);
    return {
      namedBy: ({ options }) => naming(options.name).map(({ name }) => name),
      get requirable() {
        return [...registry.names, ...registry.formerNames, ...registry.retired];
      },
      waitsFor: async ({ options: { name, build, requires = [] } }, evidence) => {
        const waiting: string[] = [];
        const required = new Set(requires.map((each) => registry.currentName(each)));
        for (const backfill of required) {
          const wait = await waitFor(backfill, evidence, { registry, backfills, statusOf });
          if (wait !== null) waiting.push(wait);
        }
        for (const definition of build === 'after' ? naming(name) : []) {
          if (required.has(definition.name)) continue;
          const status = await statusOf(definition);
          if (status !== 'complete') waiting.push(`${definition.name}, which is ${status}`);
        }
        return waiting.length === 0 ? null : waiting.join(', and ');
      },
    };
  },
};

/** @returns why an index that requires this backfill waits; null if it does not wait */
async function waitFor(
  backfill: string,
  evidence: 'record' | ReadinessProof,
  {
    registry,
    backfills,
    statusOf,
  }: {
    readonly registry: BackfillRegistry;
    readonly backfills: BackfillService;
    readonly statusOf: (definition: BackfillDefinition) => Promise<BackfillStatus>;
  },
): Promise<string | null> {
  if (!registry.retired.includes(backfill)) {
    const status = await statusOf(registry.get(backfill));
    if (status !== 'complete') return `${backfill}, which is ${status}`;
    if (evidence === 'record') return null;
  }
  const { complete, left, problem } = await backfills.prove(backfill, evidence === 'record' ? {} : evidence);
  if (complete) return null;
  if (problem !== undefined) return `${backfill}, whose query cannot run now: ${problem}`;
  return `${backfill}, of which ${left === undefined ? 'rows are' : `${formatQuantity(left, 'row')} ${left === 1 ? 'is' : 'are'}`} pending again`;
}

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
