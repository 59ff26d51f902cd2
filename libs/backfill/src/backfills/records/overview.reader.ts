import { installedStep } from '../../ledger/ledger.installer.js';
import type { Ledger } from '../../ledger/ledger.js';
import {
  OPERATE_SCHEMA_STEP,
  OverviewLedger,
  type OverviewRecord,
  type StatusCount,
} from '../../ledger/records/overview.ledger.js';
import { OTHER_PREDICATE } from '../../ledger/proof/proved-predicate.js';
import { messageOf } from '../../postgres/error-classes.js';
import { readServerWait } from '../../postgres/server/read-access.js';
import { Session } from '../../postgres/session.js';
import type { BackfillKind } from '../../report/backfill-kind.js';
import type { BackfillOverview, OverviewReport } from '../../report/records.js';
import type { BackfillStatusReport } from '../../report/status-report.js';
import type { BackfillDefinition } from '../definition/definition.js';
import { readStatus } from '../status/status.reader.js';

const REPLACED =
  'The table was dropped and made again since the last run, so nothing is known about its rows.';

/** The identity of a backfill in the overview. */
type Declared = Pick<
  BackfillOverview,
  'name' | 'version' | 'declared' | 'dataSource' | 'kind' | 'target' | 'dependsOn' | 'targets'
>;

/**
 * Reads a line for each backfill, with a few statements for each database. It does not change or install a ledger. A
 * database that does not answer is reported, and the others are still read.
 */
export async function readOverview(
  definitions: readonly BackfillDefinition[],
  ledger: Ledger,
  schema: string,
): Promise<OverviewReport> {
  const backfills: BackfillOverview[] = [];
  const unreadable: OverviewReport['unreadable'][number][] = [];
  for (const dataSource of new Set(definitions.map((definition) => definition.dataSource))) {
    const declared = definitions.filter((definition) => definition.dataSource === dataSource);
    try {
      backfills.push(...(await readDatabase(declared, ledger, schema)));
    } catch (error) {
      unreadable.push({ dataSource: declared[0]?.dataSourceName ?? 'default', error: messageOf(error) });
    }
  }
  return { backfills, unreadable };
}

async function readDatabase(
  declared: readonly BackfillDefinition[],
  ledger: Ledger,
  schema: string,
): Promise<BackfillOverview[]> {
  const [first] = declared;
  if (first === undefined) return [];
  const session = await Session.open(first.dataSource);
  try {
    const step = await installedStep(session, schema);
    if (step === 0) return declared.map((definition) => neverRun(identityOf(definition, [])));
    if (step < OPERATE_SCHEMA_STEP) return await readEarlierLedger(declared, ledger, schema);
    const overview = new OverviewLedger(ledger);
    const counts = await overview.counts(session, declared);
    const recorded = declared.map((definition) => ({
      ...definition,
      name: recordedNameOf(definition, counts),
    }));
    const undeclared = newestUndeclared(counts, [...declared, ...recorded]);
    const records = await overview.own(session, [...recorded, ...undeclared]);
    const wait = await readServerWait(session);
    const line = (identity: Declared, recordedName = identity.name) =>
      withServerWait(
        toOverview(
          identity,
          records.find(({ name }) => name === recordedName),
        ),
        wait,
      );
    const { dataSourceName: dataSource } = first;
    return [
      ...declared.map((definition, place) => line(identityOf(definition, counts), recorded[place]?.name)),
      ...undeclared.map(({ name, version }) => line({ ...unknown(name, version, counts), dataSource })),
    ];
  } finally {
    await session.close();
  }
}

/** A former name until the next run. */
function recordedNameOf({ name, formerly }: BackfillDefinition, counts: readonly StatusCount[]): string {
  return [name, ...formerly].find((each) => counts.some((count) => count.name === each)) ?? name;
}

function newestUndeclared(
  counts: readonly StatusCount[],
  declared: readonly Pick<BackfillDefinition, 'name'>[],
) {
  const newest = new Map<string, number>();
  for (const { name, version } of counts)
    if (!declared.some((definition) => definition.name === name)) newest.set(name, version);
  return [...newest].map(([name, version]) => ({ name, version, table: '' }));
}

function identityOf(definition: BackfillDefinition, counts: readonly StatusCount[]): Declared {
  const { name, version, dataSourceName: dataSource, kind, dependsOn } = definition;
  const targets = targetsOf(recordedNameOf(definition, counts), version, counts);
  return { name, version, declared: true, dataSource, kind, target: null, dependsOn, targets };
}

function unknown(
  name: string,
  version: number,
  counts: readonly StatusCount[],
): Omit<Declared, 'dataSource'> {
  const targets = targetsOf(name, version, counts);
  return { name, version, declared: false, kind: null, target: null, dependsOn: [], targets };
}

function targetsOf(
  name: string,
  version: number,
  counts: readonly StatusCount[],
): BackfillOverview['targets'] {
  const own = counts.filter((count) => count.name === name && count.version === version);
  return {
    total: own.reduce((sum, { targets }) => sum + targets, 0),
    byStatus: Object.fromEntries(own.map(({ status, targets }) => [status, targets])),
  };
}

function neverRun(identity: Declared, reason = 'It has never run.'): BackfillOverview {
  return {
    ...identity,
    status: 'pending',
    reason,
    waitingFor: null,
    waitingSince: null,
    updated: 0,
    batches: 0,
    skipped: 0,
    quarantined: 0,
    remaining: null,
    fraction: null,
    rowsPerSecond: null,
    remainingMs: null,
    leasedBy: null,
    startedAt: null,
    changedAt: null,
    completedAt: null,
    sealedBy: null,
    probedAt: null,
  };
}

/** What the record of another predicate says about its end. */
const UNPROVED = { reason: OTHER_PREDICATE, completedAt: null, remaining: null };

function toOverview(identity: Declared, record: OverviewRecord | undefined): BackfillOverview {
  if (record === undefined) return neverRun(identity);
  const { ownTarget, recordedTarget, isReplaced, isProvedOtherwise, kind, ...recorded } = record;
  const rest = { ...recorded, ...(isProvedOtherwise && UNPROVED) };
  const target = recordedTarget ?? (identity.declared ? ownTarget : null);
  const isRunning = rest.leasedBy !== null && (rest.status === 'pending' || rest.status === 'incomplete');
  if (isReplaced && !isRunning) return { ...neverRun(identity, REPLACED), target };
  const remaining = rest.status === 'complete' ? 0 : rest.remaining;
  return {
    ...rest,
    ...identity,
    kind: kind as BackfillKind,
    target,
    status: isRunning ? 'running' : rest.status,
    reason: isRunning ? `${rest.leasedBy} is running it.` : rest.reason,
    waitingSince: rest.waitingFor === null ? null : rest.waitingSince,
    remaining,
    fraction: fractionOf(rest.updated, remaining),
    remainingMs: timeFor(remaining, rest.rowsPerSecond),
  };
}

/** Milliseconds for the remaining rows. */
function timeFor(remaining: number | null, rowsPerSecond: number | null): number | null {
  if (remaining === null || rowsPerSecond === null || rowsPerSecond <= 0) return null;
  return Math.round((remaining / rowsPerSecond) * 1000);
}

function fractionOf(updated: number, remaining: number | null): number | null {
  if (remaining === null) return null;
  return remaining === 0 ? 1 : Math.min(0.99, updated / (updated + remaining));
}

/** What holds every run of the database. A run cannot write it to the ledger. */
function withServerWait(overview: BackfillOverview, wait: string | null): BackfillOverview {
  const mayRun = ['pending', 'running', 'incomplete'].includes(overview.status);
  return mayRun && wait !== null ? { ...overview, waitingFor: wait } : overview;
}

/** The next run upgrades the ledger. Until then, the overview has what `--status` reads. */
async function readEarlierLedger(
  declared: readonly BackfillDefinition[],
  ledger: Ledger,
  schema: string,
): Promise<BackfillOverview[]> {
  const reports = await readStatus(declared, ledger, schema, { includeUndeclared: true, targets: [] });
  return reports.map((report) => {
    const definition = declared.find(({ name }) => name === report.name);
    const dataSource = declared[0]?.dataSourceName ?? 'default';
    const identity = definition
      ? identityOf(definition, [])
      : { ...unknown(report.name, report.version, []), dataSource };
    return { ...neverRun(identity), ...fromStatus(report) };
  });
}

function fromStatus(report: BackfillStatusReport): Partial<BackfillOverview> {
  const { target, status, reason, waitingFor, updated, batches, skipped, quarantined } = report;
  const { startedAt, changedAt, leasedBy, sealedBy, provedAt } = report;
  const counts = { updated, batches, skipped, quarantined };
  const times = { startedAt, changedAt, completedAt: provedAt, probedAt: report.looked?.at ?? null };
  return { target, status, reason, waitingFor, leasedBy, sealedBy, ...counts, ...times };
}
