import { CONTROL_STEP } from '../../ledger/control.ledger.js';
import { CATCH_UP_STEP, NO_CATCH_UP } from '../../ledger/catch-up.ledger.js';
import { installedStep } from '../../ledger/ledger.installer.js';
import type { BackfillLedger } from '../../ledger/backfill.ledger.js';
import type { Ledger } from '../../ledger/ledger.js';
import { Session } from '../../postgres/session.js';
import type { BackfillDefinition } from '../definition/definition.js';
import type { BackfillStatusReport } from '../report/status-report.js';

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
        const report = installed ? await readOne(session, ledger.of({ name, version }), step) : null;
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
  ledger: BackfillLedger,
  step: number,
  declared = true,
): Promise<BackfillStatusReport | null> {
  const summary = await ledger.status.summary(session);
  if (summary === null) return null;
  const { status, reason, leasedBy, updated, batches, startedAt, changedAt, waitingFor } = summary;
  // A process that has done its part, e.g. one tenant's, says so for itself alone.
  const isGoingOn = leasedBy !== null && (status === 'pending' || status === 'incomplete');
  return {
    ...ledger.subject,
    declared,
    status: isGoingOn ? 'running' : status,
    reason: isGoingOn ? `${leasedBy} is running it.` : reason,
    updated,
    ...(await ledger.progress.counts(session, null)),
    batches,
    startedAt,
    changedAt,
    leasedBy,
    waitingFor,
    // Looking does not upgrade a ledger from before.
    settings: step < CONTROL_STEP ? [] : await ledger.control.inForce(session),
    ...(step < CATCH_UP_STEP ? NO_CATCH_UP : await ledger.catchUp.summary(session)),
    tenants: await ledger.progress.tenants(session, null),
    quarantine: await ledger.quarantine.first(session, QUARANTINE_SHOWN),
  };
}

async function readUndeclared(
  session: Session,
  ledger: Ledger,
  declared: readonly BackfillDefinition[],
  step: number,
): Promise<BackfillStatusReport[]> {
  const names = declared.map(({ name }) => name);
  const reports: BackfillStatusReport[] = [];
  for (const subject of await ledger.subjectsExcept(session, names)) {
    const report = await readOne(session, ledger.of(subject), step, false);
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
