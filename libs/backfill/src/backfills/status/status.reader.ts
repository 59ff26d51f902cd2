import type { DataSource } from 'typeorm';
import { CATCH_UP_SCHEMA_STEP, NO_CATCH_UP } from '../../ledger/catch-up.ledger.js';
import { CONTROL_SCHEMA_STEP } from '../../ledger/control.ledger.js';
import { PACE_SCHEMA_STEP } from '../../ledger/rows/pace.ledger.js';
import type { BackfillLedger } from '../../ledger/backfill.ledger.js';
import { TARGET_SCHEMA_STEP } from '../../ledger/ledger.context.js';
import { installedStep } from '../../ledger/ledger.installer.js';
import { OTHER_PREDICATE } from '../../ledger/proof/proved-predicate.js';
import type { StatusSummary } from '../../ledger/status.ledger.js';
import type { Ledger } from '../../ledger/ledger.js';
import { readServerWait } from '../../postgres/server/read-access.js';
import { recordedName } from '../../ledger/target/former-name.js';
import type { TargetRecord, TargetsLedger } from '../../ledger/target/targets.ledger.js';
import { Session } from '../../postgres/session.js';
import type { CommandOptions } from '../../report/control-report.js';
import { watchCommand } from '../control/command.watch.js';
import { UnknownTargetError } from '../control/setting.error.js';
import { isNamedBy } from '../control/target.chooser.js';
import type { BackfillDefinition } from '../definition/definition.js';
import { readMissingPart } from '../run/outcome/missing-part.reader.js';
import { cannotBeProvedAgain } from '../run/outcome/run-outcome.js';
import type { BackfillStatusReport, TargetStatus } from '../../report/status-report.js';

const REPLACED =
  'The table was dropped and made again since the last run, so nothing is known about its rows.';
/** Maximum number of other tables in a report. */
const MAX_LISTED_TARGETS = 100;
const NO_OTHER_TARGETS = { total: 0, complete: 0, first: [] } as const;
/** Maximum number of quarantined rows in a report. */
const MAX_LISTED_ROWS = 10;

export interface StatusOptions {
  /** Whether to include backfills that are in the ledger but not declared in this application. */
  readonly includeUndeclared: boolean;
  /** Backfills that are undeclared on purpose. @default none */
  readonly retired?: readonly string[];
  /** Tables or schemas whose records are reported; empty: the tables of the application. */
  readonly targets: readonly string[];
  /** Data sources whose ledgers may have undeclared backfills only. @default none */
  readonly dataSources?: readonly DataSource[];
  /** Says for which lock it waits. @default not reported */
  readonly command?: CommandOptions;
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
  const known: string[] = [];
  const { includeUndeclared, dataSources = [], command = {} } = options;
  const ownDataSources = definitions.map((definition) => definition.dataSource);
  for (const dataSource of new Set([...ownDataSources, ...(includeUndeclared ? dataSources : [])])) {
    const declared = definitions.filter((definition) => definition.dataSource === dataSource);
    const session = await Session.open(dataSource);
    try {
      const { serverWait, read } = await watchCommand(session, command, async () => {
        const step = await installedStep(session, schema);
        return {
          serverWait: await readServerWait(session),
          read: await readDatabase({ session, ledger, step, known }, declared, options),
        };
      });
      // Two data sources may be of one database, with one ledger.
      const others = read.filter(({ name }) => !reports.some((report) => report.name === name));
      reports.push(
        ...(declared.length > 0 ? read : others).map((report) => withServerWait(report, serverWait)),
      );
    } finally {
      await session.close();
    }
  }
  const [first] = definitions;
  if (options.targets.length > 0 && reports.length === 0 && first)
    throw new UnknownTargetError(first.name, options.targets.join(', '), [...new Set(known)]);
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
  /** Receives the names of the targets that were searched. */
  readonly known: string[];
}

async function readDatabase(
  source: StatusSource,
  declared: readonly BackfillDefinition[],
  { includeUndeclared, targets, retired = [] }: StatusOptions,
): Promise<BackfillStatusReport[]> {
  const { session, ledger, step } = source;
  if (step === 0 && targets.length === 0)
    return declared.map(({ name, version }) => reportWithoutRun({ name, version }));
  const reports: BackfillStatusReport[] = [];
  const recorded: string[] = [];
  for (const definition of declared) {
    const own = ledger.of(definition);
    await own.locate(session, step);
    if (step > 0) own.readUnder(await recordedName(session, own));
    const found =
      targets.length === 0
        ? [await withMissingPart(session, definition, await readOne(source, own, 'declared'))]
        : await readTargets(source, own, targets);
    reports.push(...found);
    recorded.push(own.recorded.name);
  }
  if (!includeUndeclared || targets.length > 0) return reports;
  const names = [...declared.map(({ name }) => name), ...recorded, ...retired];
  for (const subject of await ledger.targets.newestExcept(session, names)) {
    const own = ledger.of({ ...subject, table: '' });
    own.locateAs({ name: '', tableId: null }, step);
    reports.push(await readOne(source, own, 'undeclared'));
  }
  return reports;
}

/** A complete backfill whose column or table was dropped: no later run proves it again. */
async function withMissingPart(
  session: Session,
  definition: BackfillDefinition,
  report: BackfillStatusReport,
): Promise<BackfillStatusReport> {
  if (report.status !== 'complete') return report;
  const gone = await readMissingPart(session, definition);
  return gone === null ? report : { ...report, reason: cannotBeProvedAgain(gone, report.provedAt) };
}

/** Reads the records of the wanted targets. */
async function readTargets(
  source: StatusSource,
  own: BackfillLedger,
  wanted: readonly string[],
): Promise<BackfillStatusReport[]> {
  const { session, step, ledger, known } = source;
  const records = step < TARGET_SCHEMA_STEP ? [] : await ledger.targets.list(session, own.recorded);
  const recorded = records.map(({ name }) => name);
  // The application's own table has no record before its first run.
  const names = [...new Set([...recorded, own.target.name])];
  known.push(...names);
  const reports: BackfillStatusReport[] = [];
  for (const name of names.filter((each) => wanted.some((target) => isNamedBy(each, target)))) {
    if (!recorded.includes(name)) {
      reports.push(reportWithoutRun({ ...own.reported, target: name }));
      continue;
    }
    const target = ledger.of(own.subject);
    // The table may be in a schema that this role cannot use, so it is not looked up.
    target.locateAs({ name, tableId: null }, step);
    target.readUnder(own.recorded.name);
    reports.push(await readOne(source, target, 'declared'));
  }
  return reports;
}

async function readOne(
  source: StatusSource,
  ledger: BackfillLedger,
  declaration: 'declared' | 'undeclared',
): Promise<BackfillStatusReport> {
  const { otherTargets, isReplaced } = await chooseRecord(source, ledger, declaration);
  const summary = await ledger.status.summary(source.session);
  if (summary === null) return { ...reportWithoutRun(ledger.reported), otherTargets };
  const { status, leasedBy, updated, batches, startedAt, changedAt, waitingFor, provedAt } = summary;
  // A process has recorded the end of its own part, e.g. of one tenant, but another process still runs.
  const isRunning = leasedBy !== null && (status === 'pending' || status === 'incomplete');
  const isProvedOtherwise = summary.provedFor === 'other';
  if (isReplaced && !isRunning) return { ...reportWithoutRun(ledger.reported, REPLACED), otherTargets };
  return {
    ...ledger.reported,
    target: ledger.target.name === '' ? null : ledger.target.name,
    otherTargets,
    declared: declaration === 'declared',
    status: isRunning ? 'running' : isProvedOtherwise ? 'incomplete' : status,
    reason: isRunning ? `${leasedBy} is running it.` : reasonOf(summary),
    updated,
    batches,
    startedAt,
    changedAt,
    provedAt: isProvedOtherwise ? null : provedAt,
    leasedBy,
    waitingFor,
    ...(await readParts(source, ledger)),
  };
}

/** Lets the ledger use the record that is about its table, or for an undeclared backfill any record. */
async function chooseRecord(
  { session, step, ledger: { targets } }: StatusSource,
  ledger: BackfillLedger,
  declaration: 'declared' | 'undeclared',
): Promise<{ otherTargets: BackfillStatusReport['otherTargets']; isReplaced: boolean }> {
  if (step < TARGET_SCHEMA_STEP) return { otherTargets: NO_OTHER_TARGETS, isReplaced: false };
  const { tableId } = ledger.target;
  const wanted = declaration === 'undeclared' ? null : ledger.target;
  const record = await targets.find(session, ledger.recorded, wanted);
  if (record) ledger.locateAs({ name: record.name, tableId }, step);
  const recordedId = record?.tableId ?? null;
  const isReplaced = recordedId !== null && tableId !== null && recordedId !== tableId;
  return { otherTargets: await readOthers(session, targets, ledger), isReplaced };
}

/** The parts of a report that have statements of their own. A ledger of an earlier release lacks some. */
async function readParts({ session, step }: StatusSource, ledger: BackfillLedger) {
  return {
    ...(await ledger.progress.counts(session, null)),
    pace: step < PACE_SCHEMA_STEP ? null : await ledger.pace.current(session),
    settings: step < CONTROL_SCHEMA_STEP ? [] : await ledger.control.inForce(session),
    ...(step < CATCH_UP_SCHEMA_STEP ? NO_CATCH_UP : await ledger.catchUp.summary(session)),
    tenants: await ledger.progress.tenants(session, null),
    quarantine: await ledger.quarantine.first(session, MAX_LISTED_ROWS),
  };
}

/** The status reads the ledger and not the table: what it says of a complete backfill is as old as its proof. */
function reasonOf({ status, reason, provedAt, provedFor, pendingSeenAt }: StatusSummary): string {
  if (status !== 'complete' || provedAt === null) return reason;
  if (provedFor === 'other') return OTHER_PREDICATE;
  return pendingSeenAt === null
    ? `No row was pending at ${provedAt}, when it was proved. A run proves it again.`
    : `No row was pending at ${provedAt}, when it was proved. At ${pendingSeenAt}, a run found pending rows that are not done yet.`;
}

async function readOthers(session: Session, targets: TargetsLedger, ledger: BackfillLedger) {
  const { recorded, target, declaration } = ledger;
  const others = await targets.others(
    session,
    { ...recorded, declaration },
    { except: target.name, limit: MAX_LISTED_TARGETS },
  );
  return { ...others, first: others.first.map(toTargetStatus) };
}

function toTargetStatus({ name, status, reason, changedAt }: TargetRecord): TargetStatus {
  return { target: name, status, reason, changedAt };
}

function reportWithoutRun(
  {
    name,
    version,
    target = null,
  }: Pick<BackfillDefinition, 'name' | 'version'> & { readonly target?: string | null },
  reason = 'It has never run.',
): BackfillStatusReport {
  return {
    name,
    version,
    target,
    otherTargets: NO_OTHER_TARGETS,
    declared: true,
    status: 'pending',
    reason,
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
