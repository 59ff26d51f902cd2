import type { DataSource } from 'typeorm';
import { RowSelection } from '../../backfills/batch/row-selection.js';
import { inspectTable } from '../../backfills/batch/table.inspector.js';
import type { BackfillDefinition } from '../../backfills/definition/definition.js';
import { inspectAccess } from '../../backfills/batch/access.inspector.js';
import { withShortTimeouts } from '../../backfills/pending/cheap.probe.js';
import type { Ledger } from '../../ledger/ledger.js';
import { installLedger } from '../../ledger/ledger.installer.js';
import type { MigrationLog } from '../../migrations/migration.options.js';
import { declarationOf, migrationName } from '../../migrations/run/guarded-migration.runner.js';
import { messageOf } from '../../postgres/error-classes.js';
import { Session } from '../../postgres/session.js';

/** The backfills that a contract migration may seal. */
export interface SealContext {
  readonly definitions: readonly BackfillDefinition[];
  readonly ledger: Ledger;
  readonly schema: string;
  readonly log: MigrationLog;
}

/**
 * Seals the backfills that finished contract migrations required, if a constraint of the table now makes
 * pending rows impossible. It asks PostgreSQL's planner, because not every contract migration adds such a
 * constraint: it may, for example, drop the old column. Never throws: without a seal, catch-up only probes
 * the backfill.
 *
 * @param ran the names of the migrations that have run
 */
export async function sealRequired(
  dataSource: DataSource,
  ran: readonly string[],
  context: SealContext,
): Promise<void> {
  const { definitions, log } = context;
  for (const migration of dataSource.migrations) {
    const name = migrationName(migration);
    if (!ran.includes(name)) continue;
    const { requires = [] } = declarationOf(migration);
    for (const definition of definitions.filter(({ name: current, formerly }) =>
      [current, ...formerly].some((each) => requires.includes(each)),
    )) {
      try {
        if (await sealBy(name, definition, context)) log.log(`${name} seals ${definition.name}.`);
      } catch (error) {
        log.warn(`It could not be checked whether ${name} seals ${definition.name}: ${messageOf(error)}`);
      }
    }
  }
}

async function sealBy(
  migration: string,
  definition: BackfillDefinition,
  { ledger, schema }: SealContext,
): Promise<boolean> {
  const session = await Session.open(definition.dataSource);
  try {
    await installLedger(session, schema);
    const probed = withShortTimeouts(definition);
    const ownLedger = ledger.of(definition);
    await ownLedger.locate(session);
    await ownLedger.status.adopt(session);
    const selection = new RowSelection(probed, ownLedger, await inspectTable(session, probed), null);
    const access = await inspectAccess(session, selection);
    if (access.kind !== 'impossible') return false;
    return await ownLedger.catchUp.seal(session, `migration ${migration}: ${access.by}`);
  } finally {
    await session.close();
  }
}
