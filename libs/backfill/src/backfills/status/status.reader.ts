import { CATCH_UP_SCHEMA_STEP, NO_CATCH_UP } from '../../ledger/catch-up.ledger.js';
import { CONTROL_SCHEMA_STEP } from '../../ledger/control.ledger.js';
import { PACE_SCHEMA_STEP } from '../../ledger/rows/pace.ledger.js';
import type { BackfillLedger } from '../../ledger/backfill.ledger.js';
import { installedStep } from '../../ledger/ledger.installer.js';
import type { StatusSummary } from '../../ledger/status.ledger.js';
import type { Ledger } from '../../ledger/ledger.js';
import { readServerWait } from '../../postgres/server/read-access.js';
import { Session } from '../../postgres/session.js';
import type { BackfillDefinition } from '../definition/definition.js';
import type { BackfillStatusReport } from '../../report/status-report.js';

/** Maximum number of quarantined rows in a report. */
const MAX_LISTED_ROWS = 10;

export interface StatusOptions {
  /** Whether to include backfills that are in the ledger but not declared in this application. */
  readonly includeUndeclared: boolean;
}

/**
 * Reads the status of the declared backfills from the ledgers of their databases. It does not change or
 * install a ledger.
 */
export async function readStatus(
  definitions: readonly BackfillDefinition[],
  ledger: Ledger,
  schema: string,
  options: StatusOptions,
): Promise<BackfillStatusReport[]> {
  const reports: BackfillStatusReport[] = [];
  for (const dataSource of new Set(definitions.map((definition) => definition.dataSource))) {
    const declared = definitions.filter((definition) => definition.dataSource === dataSource);
    const session = await Session.open(dataSource);
    try {
      const step = await installedStep(session, schema);
      const serverWait = await readServerWait(session);
      const read = await readDatabase({ session, ledger, step }, declared, options);
      reports.push(...read.map((report) => withServerWait(report, serverWait)));
    } finally {
      await session.close();
    }
  }
  return reports;
}

/**
 * Adds what holds every run of the database. A run cannot write it to the ledger: the server executes no changes, or
 * no commit returns.
 */
function withServerWait(report: BackfillStatusReport, serverWait: string | null): BackfillStatusReport {
  const mayRun = ['pending', 'running', 'incomplete'].includes(report.status);
  return mayRun && serverWait !== null ? { ...report, waitingFor: serverWait } : report;
}

interface StatusSource {
  readonly session: Session;
  readonly ledger: Ledger;
  /** The newest installed schema step of the ledger; 0: not installed. */
  readonly step: number;
}

async function readDatabase(
  source: StatusSource,
  declared: readonly BackfillDefinition[],
  { includeUndeclared }: StatusOptions,
): Promise<BackfillStatusReport[]> {
  const { session, ledger, step } = source;
  if (step === 0) return declared.map(reportWithoutRun);
  const reports: BackfillStatusReport[] = [];
  for (const definition of declared)
    reports.push((await readOne(source, ledger.of(definition), 'declared')) ?? reportWithoutRun(definition));
  if (!includeUndeclared) return reports;
  const names = declared.map(({ name }) => name);
  for (const subject of await ledger.subjectsExcept(session, names)) {
    const report = await readOne(source, ledger.of(subject), 'undeclared');
    if (report) reports.push(report);
  }
  return reports;
}

async function readOne(
  { session, step }: StatusSource,
  ledger: BackfillLedger,
  declaration: 'declared' | 'undeclared',
): Promise<BackfillStatusReport | null> {
  const summary = await ledger.status.summary(session);
  if (summary === null) return null;
  const { status, leasedBy, updated, batches, startedAt, changedAt, waitingFor, provedAt } = summary;
  // A process has recorded the end of its own part, e.g. of one tenant, but another process still runs.
  const isRunning = leasedBy !== null && (status === 'pending' || status === 'incomplete');
  return {
    ...ledger.subject,
    declared: declaration === 'declared',
    status: isRunning ? 'running' : status,
    reason: isRunning ? `${leasedBy} is running it.` : reasonOf(summary),
    updated,
    ...(await ledger.progress.counts(session, null)),
    batches,
    startedAt,
    changedAt,
    provedAt,
    leasedBy,
    waitingFor,
    pace: step < PACE_SCHEMA_STEP ? null : await ledger.pace.current(session),
    settings: step < CONTROL_SCHEMA_STEP ? [] : await ledger.control.inForce(session),
    ...(step < CATCH_UP_SCHEMA_STEP ? NO_CATCH_UP : await ledger.catchUp.summary(session)),
    tenants: await ledger.progress.tenants(session, null),
    quarantine: await ledger.quarantine.first(session, MAX_LISTED_ROWS),
  };
}

/** The status reads the ledger and not the table: what it says of a complete backfill is as old as its proof. */
function reasonOf({ status, reason, provedAt, pendingSeenAt }: StatusSummary): string {
  if (status !== 'complete' || provedAt === null) return reason;
  return pendingSeenAt === null
    ? `No row was pending at ${provedAt}, when it was proved. A run proves it again.`
    : `No row was pending at ${provedAt}, when it was proved. At ${pendingSeenAt}, a run found pending rows that are not done yet.`;
}

function reportWithoutRun({ name, version }: BackfillDefinition): BackfillStatusReport {
  return {
    name,
    version,
    declared: true,
    status: 'pending',
    reason: 'It has never run.',
    updated: 0,
    skipped: 0,
    quarantined: 0,
    batches: 0,
    startedAt: null,
    changedAt: null,
    provedAt: null,
    leasedBy: null,
    waitingFor: null,
    pace: null,
    settings: [],
    ...NO_CATCH_UP,
    tenants: [],
    quarantine: [],
  };
}
