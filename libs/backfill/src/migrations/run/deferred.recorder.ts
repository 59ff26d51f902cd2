import { hostname } from 'node:os';
import type { DataSource } from 'typeorm';
import { installedStep } from '../../ledger/ledger.installer.js';
import { EventLedger } from '../../ledger/records/event.ledger.js';
import { OPERATE_SCHEMA_STEP } from '../../ledger/records/overview.ledger.js';
import { quoteIdentifier } from '../../postgres/identifiers.js';
import { Session } from '../../postgres/session.js';
import type { DeferredMigration } from '../migration.report.js';

/**
 * Records in the ledger that a contract migration waits, for those who receive events. Never throws: the report of the
 * phase says it too.
 *
 * @param schema of the ledger, not quoted
 */
export async function recordDeferred(
  dataSource: DataSource,
  schema: string,
  { name, waitsFor }: DeferredMigration,
): Promise<void> {
  const owner = `${hostname().replaceAll(':', '_')}:${process.pid}:migrate`;
  const backfills = waitsFor.map(({ backfill }) => backfill).join(', ');
  try {
    const session = await Session.open(dataSource);
    try {
      if ((await installedStep(session, schema)) < OPERATE_SCHEMA_STEP) return;
      const event = { type: 'migration-deferred', name, version: null, target: null };
      const reason = `It waits for the backfills ${backfills}.`;
      const ledger = new EventLedger({ schema: quoteIdentifier(schema), owner });
      await session.transaction([ledger.add({ ...event, reason, actor: owner })]);
    } finally {
      await session.close();
    }
  } catch {
    // See above.
  }
}
