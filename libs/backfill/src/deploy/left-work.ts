import type { BackfillPhaseReport } from '../backfills/report/report.js';
import type { LeftWork } from './deploy.report.js';
import {
  isBuilt,
  whyNotBuilt,
  type DataSourceIndexes,
  type IndexesReport,
} from '../indexes/indexes.report.js';
import type { DataSourceMigrations, MigrateReport } from '../migrations/migrate.report.js';
import type { Phase } from './phases.js';

/** Reports of the phases that ran. */
export interface PhaseReports {
  readonly migrate?: MigrateReport;
  readonly indexes?: IndexesReport;
  readonly backfill?: BackfillPhaseReport;
}

/**
 * What a deployment leaves, and why.
 *
 * @param notRun phases that were asked for and that a failed migration kept from running
 */
export function leftWork(reports: PhaseReports, notRun: readonly Phase[]): LeftWork[] {
  const { migrate, indexes, backfill } = reports;
  return [
    ...whole('migrate', migrate?.reason),
    ...(migrate?.dataSources ?? []).flatMap((report) => leftMigrations(report, backfill)),
    ...whole('indexes', indexes?.reason),
    ...(indexes?.dataSources ?? []).flatMap(leftIndexes),
    ...whole('backfill', backfill?.reason),
    ...(backfill?.backfills ?? [])
      .filter(({ proved }) => !proved)
      .map(({ name, reason }) => ({ phase: 'backfill' as const, name, why: reason })),
    ...notRun.flatMap((phase) => whole(phase, 'It was not run, as the migrations did not succeed.')),
  ];
}

function leftMigrations(
  { failed, deferred, pending }: DataSourceMigrations,
  backfill: BackfillPhaseReport | undefined,
): LeftWork[] {
  const stopper = failed ? (failed.name ?? null) : deferred?.name;
  const left: LeftWork[] = [];
  if (failed) left.push({ phase: 'migrate', name: failed.name ?? null, why: failed.error.message });
  if (deferred) left.push({ phase: 'migrate', name: deferred.name, why: waitsFor(deferred, backfill) });
  const behind = pending.filter((name) => name !== stopper);
  return left.concat(
    behind.map((name) => ({
      phase: 'migrate',
      name,
      why: stopper ? `It comes after ${stopper}.` : 'It was not run.',
    })),
  );
}

function leftIndexes({ indexes, error }: DataSourceIndexes): LeftWork[] {
  return [
    ...whole('indexes', error?.message),
    ...indexes
      .filter(({ status }) => !isBuilt(status))
      .map((report) => ({ phase: 'indexes' as const, name: report.name, why: whyNotBuilt(report) })),
  ];
}

function waitsFor(
  { waitsFor: unmet }: NonNullable<DataSourceMigrations['deferred']>,
  backfill: BackfillPhaseReport | undefined,
): string {
  const names = unmet.map((each) => each.backfill);
  const done = new Set(backfill?.backfills.filter(({ proved }) => proved).map(({ name }) => name));
  if (names.every((name) => done.has(name)))
    return `It waited for ${names.join(', ')}, which is complete now: the next deployment runs it.`;
  const each = unmet.map(({ backfill: name, status, left }) =>
    left === undefined ? `${name} (${status})` : `${name} (${status}, ${left} rows left)`,
  );
  return `When the migrations ran it waited for ${each.join(', ')}.`;
}

function whole(phase: Phase, why: string | undefined): LeftWork[] {
  return why === undefined ? [] : [{ phase, name: null, why }];
}
