import { CONTROL_STEP, ControlLedger } from '../../ledger/control.ledger.js';
import { CATCH_UP_STEP, CatchUpLedger, NO_CATCH_UP } from '../../ledger/catch-up.ledger.js';
import { installedStep } from '../../ledger/ledger.installer.js';
import { isoTime, type Ledger, type Subject } from '../../ledger/ledger.js';
import { RowsLedger } from '../../ledger/rows.ledger.js';
import type { BackfillStatus } from '../../ledger/status.js';
import { toArrayText } from '../../postgres/text-format.js';
import type { TextRow } from '../../postgres/pipeline.js';
import { Session } from '../../postgres/session.js';
import type { BackfillDefinition } from '../definition/definition.js';
import type { BackfillStatusReport } from '../report/status-report.js';
import { tenantReports } from '../report/tenant.reader.js';

const QUARANTINE_SHOWN = 10;

/**
 * What the ledgers know of the declared backfills and, if asked, of those that only another deployment declares.
 * Changes nothing, and installs nothing.
 */
export async function readStatus(
  definitions: readonly BackfillDefinition[],
  ledger: Ledger,
  schema: string,
  undeclaredToo: boolean,
): Promise<BackfillStatusReport[]> {
  const reports: BackfillStatusReport[] = [];
  for (const dataSource of new Set(definitions.map((definition) => definition.dataSource))) {
    const session = await Session.open(dataSource);
    try {
      const here = definitions.filter((definition) => definition.dataSource === dataSource);
      const step = await installedStep(session, schema);
      const installed = step > 0;
      for (const { name, version } of here) {
        const report = installed ? await readOne(session, ledger, { name, version }, step) : null;
        reports.push(report ?? neverRun(name, version));
      }
      if (installed && undeclaredToo) reports.push(...(await readUndeclared(session, ledger, here, step)));
    } finally {
      await session.close();
    }
  }
  return reports;
}

async function readOne(
  session: Session,
  ledger: Ledger,
  { name, version }: Subject,
  step: number,
  declared = true,
): Promise<BackfillStatusReport | null> {
  const { rows } = await session.send([
    {
      text: `SELECT b.status, b.reason, b.waiting_for, ${isoTime('b.started_at')}, ${isoTime('b.changed_at')},
          coalesce(sum(r.updated), 0)::text, coalesce(sum(r.batches), 0)::text,
          max(r.lease_owner) FILTER (WHERE r.lease_expires_at > clock_timestamp())
        FROM ${ledger.schema}.backfill AS b LEFT JOIN ${ledger.schema}.range AS r USING (name, version)
        WHERE b.name = $1 AND b.version = $2::int GROUP BY b.name, b.version`,
      values: [name, String(version)],
    },
  ]);
  const found: TextRow | undefined = rows[0]?.[0];
  if (!found) return null;
  const [status, reason, waitingFor, startedAt, changedAt, updated, batches, leasedBy] = found;
  // A process that has done its part, e.g. one tenant's, says so for itself alone.
  const isGoingOn = leasedBy !== null && (status === 'pending' || status === 'incomplete');
  const rowsLedger = new RowsLedger(ledger, { name, version });
  const counts = await rowsLedger.counts(session, null);
  return {
    name,
    version,
    declared,
    status: isGoingOn ? 'running' : (status as BackfillStatus),
    reason: isGoingOn ? `${leasedBy} is running it.` : (reason ?? ''),
    updated: Number(updated),
    ...counts,
    batches: Number(batches),
    startedAt: startedAt ?? null,
    changedAt: changedAt ?? null,
    leasedBy: leasedBy ?? null,
    waitingFor: waitingFor ?? null,
    // Looking does not upgrade a ledger from before.
    settings: step < CONTROL_STEP ? [] : await new ControlLedger(ledger, { name, version }).inForce(session),
    ...(step < CATCH_UP_STEP
      ? NO_CATCH_UP
      : await new CatchUpLedger(ledger).summary(session, { name, version })),
    tenants: await tenantReports(rowsLedger, session, null),
    quarantine: await rowsLedger.quarantined(session, QUARANTINE_SHOWN),
  };
}

async function readUndeclared(
  session: Session,
  ledger: Ledger,
  declared: readonly BackfillDefinition[],
  step: number,
): Promise<BackfillStatusReport[]> {
  const { rows } = await session.send([
    {
      text: `SELECT DISTINCT ON (name) name, version::text FROM ${ledger.schema}.backfill
        WHERE name <> ALL($1::text[]) ORDER BY name, version DESC`,
      values: [toArrayText(declared.map(({ name }) => name))],
    },
  ]);
  const reports: BackfillStatusReport[] = [];
  for (const [name, version] of rows[0] ?? []) {
    const report = await readOne(
      session,
      ledger,
      { name: name ?? '', version: Number(version) },
      step,
      false,
    );
    if (report) reports.push(report);
  }
  return reports;
}

function neverRun(name: string, version: number): BackfillStatusReport {
  return {
    name,
    version,
    declared: true,
    status: 'pending',
    reason: 'It was never run.',
    updated: 0,
    skipped: 0,
    quarantined: 0,
    batches: 0,
    startedAt: null,
    changedAt: null,
    leasedBy: null,
    waitingFor: null,
    settings: [],
    ...NO_CATCH_UP,
    tenants: [],
    quarantine: [],
  };
}
