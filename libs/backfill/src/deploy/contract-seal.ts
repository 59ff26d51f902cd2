import type { DataSource } from 'typeorm';
import { RowSelection } from '../backfills/batch/row-selection.js';
import { inspectTable } from '../backfills/batch/table.inspector.js';
import type { BackfillService } from '../backfills/backfill.service.js';
import type { BackfillDefinition } from '../backfills/definition/definition.js';
import { inspectAccess } from '../backfills/batch/access.inspector.js';
import { withShortTimeouts } from '../backfills/pending/cheap.probe.js';
import { installLedger } from '../ledger/ledger.installer.js';
import type { MigrationLog } from '../migrations/migration.options.js';
import { declarationOf, migrationName } from '../migrations/run/migration.run.js';
import { messageOf } from '../postgres/error-classes.js';
import { Session } from '../postgres/session.js';

/**
 * After contract migrations have run: seals the backfills that they required, where the table now rules out that a row becomes pending
 * again. That a migration required a backfill says no such thing by itself (it may have dropped the old column): PostgreSQL's planner
 * is asked. Never throws: what could not be sealed is looked at by catch-up.
 *
 * @param ran names of migrations
 */
export async function sealRequired(
  backfills: BackfillService,
  dataSource: DataSource,
  ran: readonly string[],
  log: MigrationLog,
): Promise<void> {
  for (const migration of dataSource.migrations) {
    const name = migrationName(migration);
    if (!ran.includes(name)) continue;
    const { requires = [] } = declarationOf(migration);
    for (const definition of backfills.definitions.filter((each) => requires.includes(each.name))) {
      try {
        if (await sealBy(name, definition, backfills)) log.log(`${definition.name} is sealed by ${name}.`);
      } catch (error) {
        log.warn(`Whether ${name} seals ${definition.name} could not be found out: ${messageOf(error)}`);
      }
    }
  }
}

async function sealBy(
  migration: string,
  definition: BackfillDefinition,
  { ledger, schema }: BackfillService,
): Promise<boolean> {
  const session = await Session.open(definition.dataSource);
  try {
    await installLedger(session, schema);
    const brief = withShortTimeouts(definition);
    const selection = new RowSelection(
      brief,
      ledger.of(definition),
      await inspectTable(session, brief),
      null,
    );
    const access = await inspectAccess(session, selection);
    if (access.kind !== 'impossible') return false;
    return await ledger.of(definition).catchUp.seal(session, `migration ${migration}: ${access.by}`);
  } finally {
    await session.close();
  }
}
