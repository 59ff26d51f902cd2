import { renderReportJson } from '../../../libs/backfill/src/one-shot/output/json/json.renderer.ts';
import { renderSummary } from '../../../libs/backfill/src/one-shot/output/text/summary.renderer.ts';
import {
  MAX_TENANTS_SHOWN,
  renderTenantTable,
} from '../../../libs/backfill/src/one-shot/output/text/tenant-table.renderer.ts';
import { reportOf } from './reports.ts';

const ROWS = { updated: 1, skipped: 0, quarantined: 0 };
const TOUCHED = { lastTouchedAt: '2026-01-02T03:04:05.000Z' };

describe('the summary', () => {
  it('shows the rows, the rate and the query that proves completion', () => {
    expect(renderSummary({ phase: 'backfill', outcome: 'complete', backfills: [reportOf()] })).toBe(`
leads-direction (version 1): complete
  No row is pending any more.
  98,213 updated, 0 skipped, 0 in quarantine, 0 remaining
  492 batches in 41.2 s, 2,384 rows/s
  Proved: this query finds no pending row:
    SELECT 1 FROM "leads" WHERE "direction" IS NULL LIMIT 1

Complete: every backfill is done, and its query proves it.
`);
  });

  it('shows the work left, the wait and the tenants of an incomplete backfill', () => {
    const report = reportOf({
      status: 'incomplete',
      proved: false,
      reason: 'Rows are still locked.',
      skipped: 3,
      remaining: null,
      waitingFor: 'a lock held by pid 12 (psql)',
      tenants: [
        { tenant: '1', updated: 90_000, skipped: 0, quarantined: 0, ...TOUCHED },
        { tenant: null, updated: 8_213, skipped: 3, quarantined: 0, ...TOUCHED },
      ],
    });
    expect(renderSummary({ phase: 'backfill', outcome: 'incomplete', backfills: [report] })).toBe(`
leads-direction (version 1): incomplete
  Rows are still locked.
  Waited for a lock held by pid 12 (psql).
  98,213 updated, 3 skipped, 0 in quarantine, remaining not counted
  492 batches in 41.2 s, 2,384 rows/s
  Complete when this query finds no pending row:
    SELECT 1 FROM "leads" WHERE "direction" IS NULL LIMIT 1
  tenant  updated  skipped  quarantined              last touched
  (none)    8,213        3            0  2026-01-02T03:04:05.000Z
  1        90,000        0            0  2026-01-02T03:04:05.000Z

Incomplete: work is left. The next run continues where this one stopped.
`);
  });

  it('compares what was predicted with what the run came to', () => {
    const effect = { tableGrowthBytes: 8e6, indexGrowthBytes: 2e6 };
    const predicted = {
      ...effect,
      ms: 40_000,
      walBytes: 80e6,
      heapOnlyShare: 0.85,
      deadRows: 1,
      autovacuumFrom: null,
    };
    const measured = { ...effect, ms: 41_200, serverWalBytes: 82e6 };
    const report = reportOf({ comparison: { predicted: { ...predicted, replicas: [] }, measured } });
    expect(renderSummary({ phase: 'backfill', outcome: 'complete', backfills: [report] })).toContain(`
  Predicted: 40 s, 76 MB of WAL, growth by 9.5 MB.
  Measured:  41.2 s, 78 MB of WAL of the whole server, growth by 9.5 MB.
`);
  });

  it('shows why there was nothing to do', () => {
    const report = reportOf({ nothingToDo: true, updated: 0, batches: 0, reason: 'The query found no row.' });
    const summary = renderSummary({ phase: 'backfill', outcome: 'nothing-to-do', backfills: [report] });
    expect(summary).toContain(
      'leads-direction (version 1): nothing to do\n  The query found no row.\n  0 updated',
    );
    expect(summary).not.toContain('rows/s');
  });

  it.each([
    ['transform', 'updated'],
    ['process', 'processed'],
    ['copy', 'inserted'],
    ['purge', 'deleted'],
  ] as const)('describes the rows of a %s backfill as %s', (kind, verb) => {
    const report = reportOf({ kind, tenants: [{ tenant: '1', ...ROWS, ...TOUCHED }] });
    const summary = renderSummary({ phase: 'backfill', outcome: 'complete', backfills: [report] });
    expect(summary).toContain(`\n  98,213 ${verb}, 0 skipped`);
    expect(summary).toMatch(new RegExp(`tenant +${verb} +skipped`));
  });

  it.each([
    ['another process runs the backfill', { status: 'running' }, /another process runs the remaining work/],
    ['the backfill is paused', { status: 'paused' }, /`--resume` lets the next run continue it/],
    ['the backfill is cancelled', { status: 'cancelled' }, /a person has paused or cancelled/],
    ['only quarantined rows are left', { quarantined: 2, remaining: 2 }, /only quarantined rows are left/],
    ['other rows are left as well', { quarantined: 2, remaining: 3 }, /The next run continues/],
    ['the rows left are not counted', { quarantined: 2, remaining: null }, /The next run continues/],
  ] as const)('ends with the next step when %s', (_, changes, lastLine) => {
    const report = reportOf({ status: 'incomplete', proved: false, ...changes });
    const backfills = [reportOf(), report];
    expect(renderSummary({ phase: 'backfill', outcome: 'incomplete', backfills }).trim()).toMatch(
      new RegExp(`\\n\\nIncomplete: .*${lastLine.source}.*$`),
    );
    const stopped = reportOf({ name: 'other', status: 'incomplete', proved: false, remaining: 9 });
    expect(renderSummary({ phase: 'backfill', outcome: 'incomplete', backfills: [report, stopped] })).toMatch(
      /The next run continues (other )?where this one stopped\./,
    );
  });

  it.each([
    ['are done', 'complete', {}, 'Complete for the given tenants: '],
    ['were already done', 'nothing-to-do', {}, 'Nothing to do for the given tenants: '],
    [
      'do not exist',
      'nothing-to-do',
      { withoutRows: ['acme'] },
      'Nothing to do: no row belongs to a given tenant.',
    ],
  ] as const)(
    'does not mention all backfills when the rows of the given tenants %s',
    (_, outcome, changes, lastLine) => {
      const report = reportOf({
        nothingToDo: outcome === 'nothing-to-do',
        onlyTenants: ['acme'],
        ...changes,
      });
      const summary = renderSummary({ phase: 'backfill', outcome, backfills: [report] });
      expect(summary).toContain(`\n\n${lastLine}`);
      expect(summary).not.toContain('every backfill');
    },
  );

  it('shows only once that there was nothing to do, or why it is paused, and shows no query when it is unknown', () => {
    const nothing = reportOf({ nothingToDo: true, reason: 'Nothing to do: complete since noon.' });
    const paused = reportOf({
      ...{ status: 'paused', proved: false, reason: 'Paused by ann.', proof: '' },
      waitingFor: 'a person to resume it: Paused by ann.',
    } as const);
    const summary = renderSummary({ phase: 'backfill', outcome: 'incomplete', backfills: [nothing, paused] });
    expect(summary).toContain('(version 1): nothing to do\n  Complete since noon.\n');
    expect(summary.match(/Paused by ann/g)).toHaveLength(1);
    expect(summary).not.toContain('Complete when');
  });

  it('keeps the line breaks of a reason', () => {
    const reason = 'The database could not be reached.\n  → Try again.';
    expect(renderSummary({ phase: 'backfill', outcome: 'failed', reason, backfills: [] })).toBe(
      '\nFailed.\nThe database could not be reached.\n  → Try again.\n',
    );
  });

  it('shows tenants with rows left first, and not more tenants than fit on a screen', () => {
    const tenants = Array.from({ length: 60 }, (_, index) => ({
      ...{ tenant: String(index), updated: index, skipped: 0, quarantined: index === 3 ? 1 : 0 },
      ...TOUCHED,
    }));
    const lines = renderTenantTable(tenants);
    expect(lines).toHaveLength(1 + MAX_TENANTS_SHOWN + 1);
    expect(lines[1]).toMatch(/^3 /);
    expect(lines[2]).toMatch(/^59 /);
    expect(lines.at(-1)).toBe('… and 40 more; --json lists all tenants');
  });
});

describe('the JSON object of --json', () => {
  it('is one line and starts with the keys of the contract', () => {
    const json = renderReportJson({ phase: 'backfill', outcome: 'complete', backfills: [reportOf()] });
    expect(json).not.toContain('\n');
    expect(json).toMatch(
      /^\{"phase":"backfill","outcome":"complete","backfills":\[\{"name":"leads-direction","status":"complete","updated":98213,"skipped":0,"quarantined":0,"remaining":0,"batches":492,"durationMs":41200,"rowsPerSecond":2383.8,"waitingFor":null,/,
    );
    expect(JSON.parse(json)).toEqual({ phase: 'backfill', outcome: 'complete', backfills: [reportOf()] });
  });
});
