import type { BackfillProgress } from '../../../libs/backfill/src/report/observer.ts';
import type { BackfillPlan } from '../../../libs/backfill/src/report/plan.ts';
import type { BackfillReport } from '../../../libs/backfill/src/report/report.ts';
import type { BackfillStatusReport } from '../../../libs/backfill/src/report/status-report.ts';
import type { DataSourceIndexes, IndexesReport } from '../../../libs/backfill/src/indexes/indexes.report.ts';
import type {
  DataSourceMigrations,
  MigrateReport,
} from '../../../libs/backfill/src/migrations/migrate.report.ts';
import type { IndexReport } from '../../../libs/backfill/src/indexes/index.report.ts';

export function progressOf(changes: Partial<BackfillProgress> = {}): BackfillProgress {
  return {
    name: 'leads-direction',
    updated: 42_000,
    batches: 210,
    rowsPerSecond: 3_950.4,
    total: 100_000,
    totalIsEstimate: false,
    fraction: 0.42,
    remainingMs: 14_682,
    tenant: null,
    cursor: ['42017'],
    ...changes,
  };
}

export function reportOf(changes: Partial<BackfillReport> = {}): BackfillReport {
  return {
    name: 'leads-direction',
    version: 1,
    status: 'complete',
    nothingToDo: false,
    proved: true,
    reason: 'No row is pending any more.',
    updated: 98_213,
    skipped: 0,
    quarantined: 0,
    remaining: 0,
    batches: 492,
    durationMs: 41_200,
    rowsPerSecond: 2_383.8,
    waitingFor: null,
    proof: 'SELECT 1 FROM "leads" WHERE "direction" IS NULL LIMIT 1',
    tenants: [],
    ...changes,
  };
}

export function statusOf(changes: Partial<BackfillStatusReport> = {}): BackfillStatusReport {
  return {
    name: 'leads-direction',
    version: 1,
    target: 'public.leads',
    otherTargets: { total: 0, complete: 0, first: [] },
    declared: true,
    status: 'complete',
    reason: 'No row is pending any more.',
    updated: 98_213,
    skipped: 0,
    quarantined: 0,
    batches: 492,
    startedAt: '2026-01-02T03:04:05.000Z',
    changedAt: '2026-01-02T03:05:00.000Z',
    provedAt: null,
    leasedBy: null,
    waitingFor: null,
    pace: null,
    settings: [],
    sealedBy: null,
    drift: { rows: 0, times: 0, lastAt: null },
    looked: null,
    tenants: [],
    quarantine: [],
    ...changes,
  };
}

export function planOf(changes: Partial<BackfillPlan> = {}): BackfillPlan {
  return {
    name: 'leads-direction',
    version: 1,
    kind: 'set',
    table: 'public.leads',
    status: 'pending',
    pending: 98_213,
    pendingIsEstimate: false,
    batchSize: 200,
    batches: 492,
    tableRows: 100_000,
    sealedBy: null,
    sql: 'UPDATE "leads"\nSET "direction" = $1',
    parameters: ["it's", null],
    explain: ['Update on leads', '  ->  Index Scan'],
    index: 'leads_pkey',
    indexPays: false,
    cascades: [],
    triggers: ['leads_audit (AFTER UPDATE)'],
    measuredRowsPerSecond: 2_383.8,
    estimatedMs: 65_800,
    prediction: null,
    ways: [],
    warnings: [],
    ...changes,
  };
}

/** The report of a migrations phase with one data source. */
export function migrateOf({
  outcome = 'done',
  ...changes
}: Partial<DataSourceMigrations> = {}): MigrateReport {
  const report: DataSourceMigrations = {
    phase: 'migrate',
    dataSource: 'default',
    outcome,
    ran: [{ name: 'AddLastCallDirection1', durationMs: 12 }],
    pending: [],
    grandfathered: [],
    waitedForOther: false,
    durationMs: 20,
    ...changes,
  };
  return { phase: 'migrate', outcome, dataSources: [report] };
}

/** The report of an indexes phase with one data source and one index. */
export function indexesOf(
  { outcome = 'done' }: Partial<Pick<IndexesReport, 'outcome'>> = {},
  changes: Partial<IndexReport> = {},
): IndexesReport {
  const index: IndexReport = {
    name: 'leads_pending',
    table: '"leads"',
    status: 'built',
    durationMs: 1_200,
    declared: 'USING btree (id)',
    ...changes,
  };
  const report: DataSourceIndexes = {
    phase: 'indexes',
    dataSource: 'default',
    outcome,
    indexes: [index],
    undeclared: [],
    durationMs: 1_300,
  };
  return { phase: 'indexes', outcome, dataSources: [report] };
}
