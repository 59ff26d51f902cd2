import { isBuilt, describeFailure, type DataSourceIndexes } from '../indexes/indexes.report.js';
import { describeUnmet } from '../migrations/migration.error.js';
import { isDone } from '../report/report.js';
import type { DataSourceMigrations } from '../migrations/migrate.report.js';
import { isMet } from './met-requirement.js';
import type { LeftWork, PhaseReports } from './deploy.report.js';
import type { Phase } from './phases.js';

/**
 * Lists the work that a deployment leaves, with the reasons.
 *
 * @param notRun requested phases that did not run because a migration failed
 */
export function leftWork(reports: PhaseReports, notRun: readonly Phase[]): LeftWork[] {
  const { migrate, indexes, backfill } = reports;
  return [
    ...wholePhase('migrate', migrate?.reason),
    ...(migrate?.dataSources ?? []).flatMap((report) => leftMigrations(report, reports)),
    ...wholePhase('indexes', indexes?.reason),
    ...(indexes?.dataSources ?? []).flatMap(leftIndexes),
    // An application without backfills leaves none.
    ...wholePhase('backfill', backfill?.outcome === 'nothing-to-do' ? undefined : backfill?.reason),
    ...(backfill?.backfills ?? [])
      .filter((report) => !isDone(report))
      .map(({ name, reason }) => ({ phase: 'backfill' as const, name, why: reason })),
    ...notRun.flatMap((phase) => wholePhase(phase, 'It was not run because the migrations failed.')),
  ];
}

function leftMigrations(
  { failed, deferred, pending }: DataSourceMigrations,
  reports: PhaseReports,
): LeftWork[] {
  const stoppedAt = failed ? (failed.name ?? null) : deferred?.name;
  const left: LeftWork[] = [];
  if (failed) left.push({ phase: 'migrate', name: failed.name ?? null, why: failed.error.message });
  if (deferred) left.push({ phase: 'migrate', name: deferred.name, why: whyDeferred(deferred, reports) });
  const why = stoppedAt ? `It comes after ${stoppedAt}.` : 'It was not run.';
  const notReached = pending.filter((name) => name !== stoppedAt);
  return [...left, ...notReached.map((name) => ({ phase: 'migrate' as const, name, why }))];
}

function leftIndexes({ indexes, error }: DataSourceIndexes): LeftWork[] {
  return [
    ...wholePhase('indexes', error?.message),
    ...indexes
      .filter(({ status }) => !isBuilt(status))
      .map((report) => ({ phase: 'indexes' as const, name: report.name, why: describeFailure(report) })),
  ];
}

function whyDeferred(
  { waitsFor }: NonNullable<DataSourceMigrations['deferred']>,
  { backfill, indexes }: PhaseReports,
): string {
  const names = waitsFor.map((required) => required.backfill);
  if (waitsFor.every((required) => isMet(required, { backfill, indexes }))) {
    const are = names.length === 1 ? 'is' : 'are';
    return `It waited for ${names.join(', ')}, which ${are} now complete. The next deployment runs it.`;
  }
  const states = waitsFor.map((required) => `${required.backfill} (${describeUnmet(required)})`);
  return `It waited for ${states.join(', ')} when the migrations ran.`;
}

function wholePhase(phase: Phase, why: string | undefined): LeftWork[] {
  return why === undefined ? [] : [{ phase, name: null, why }];
}
