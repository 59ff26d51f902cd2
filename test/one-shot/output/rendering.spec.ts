import { renderReportJson } from '../../../libs/backfill/src/one-shot/output/json/json.renderer.ts';
import { renderPlan } from '../../../libs/backfill/src/one-shot/output/text/plan.renderer.ts';
import {
  renderProgressBar,
  renderProgressLine,
  renderWait,
} from '../../../libs/backfill/src/one-shot/output/progress/progress.renderer.ts';
import type { ControlledBackfill } from 'nestjs-backfill';
import { renderControl } from '../../../libs/backfill/src/one-shot/output/text/control.renderer.ts';
import { renderStatus } from '../../../libs/backfill/src/one-shot/output/text/status.renderer.ts';
import { renderSummary } from '../../../libs/backfill/src/one-shot/output/text/summary.renderer.ts';
import {
  MAX_TENANTS_SHOWN,
  renderTenantTable,
} from '../../../libs/backfill/src/one-shot/output/text/tenant-table.renderer.ts';
import {
  clip,
  displayWidth,
  printable,
  renderDuration,
  renderPercentage,
  renderTable,
} from '../../../libs/backfill/src/text/format.ts';
import { planOf, progressOf, reportOf, statusOf } from './reports.ts';

const ROWS = { updated: 1, skipped: 0, quarantined: 0 };
const touched = { lastTouchedAt: '2026-01-02T03:04:05.000Z' };

describe('a progress line', () => {
  it('tells rows, speed, percentage, time left and key', () => {
    expect(renderProgressLine(progressOf())).toBe(
      'leads-direction: 42,000 rows, 3,950 rows/s, 42 %, ~15 s left, at 42017',
    );
  });

  it('marks what rests on an estimate, and names the tenant', () => {
    expect(renderProgressLine(progressOf({ totalIsEstimate: true, tenant: '7', cursor: ['7', 'x'] }))).toBe(
      'leads-direction: 42,000 rows, 3,950 rows/s, ~42 %, ~15 s left, tenant 7, at (7, x)',
    );
  });

  it('says nothing about what is not known', () => {
    const unknown = { updated: 1, total: null, fraction: null, remainingMs: null, cursor: null };
    expect(renderProgressLine(progressOf(unknown))).toBe('leads-direction: 1 row, 3,950 rows/s');
  });

  it('says why nothing happens', () => {
    expect(renderWait({ name: 'a', waitingFor: 'a lock held by pid 12 (psql)' })).toBe(
      'a: waiting for a lock held by pid 12 (psql)',
    );
  });
});

describe('the progress bar', () => {
  it('shows the share that is done', () => {
    expect(renderProgressBar(progressOf(), 200)).toBe(
      'leads-direction  ██████████░░░░░░░░░░░░░░ 42 %  42,000/100,000  3,950 rows/s  ~15 s left  at 42017',
    );
  });

  it.each([100, 80, 60, 50, 20, 5])('fits into %d columns', (columns) => {
    const bar = renderProgressBar(progressOf({ tenant: '株式会社' }), columns);
    expect(displayWidth(bar)).toBeLessThanOrEqual(columns);
    expect(bar.startsWith('lead')).toBe(true);
  });

  it('does without a share where the total is not known', () => {
    const bar = renderProgressBar(progressOf({ total: null, fraction: null, remainingMs: null }), 80);
    expect(bar).toBe('leads-direction  42,000 rows  3,950 rows/s  at 42017');
  });
});

describe('the summary', () => {
  it('tells what was done, how fast, and what proves it', () => {
    expect(renderSummary({ phase: 'backfill', outcome: 'complete', backfills: [reportOf()] })).toBe(`
leads-direction (version 1): complete
  Every row is done.
  98,213 updated, 0 skipped, 0 in quarantine, 0 remaining
  492 batches in 41.2 s, 2,384 rows/s
  Proved, as nothing is pending by this query:
    SELECT 1 FROM "leads" WHERE "direction" IS NULL LIMIT 1

Complete: every backfill is done, which its query proves.
`);
  });

  it('tells what is left, what it waited for, and which tenants it concerns', () => {
    const report = reportOf({
      status: 'incomplete',
      proved: false,
      reason: 'Rows are still locked.',
      skipped: 3,
      remaining: null,
      waitingFor: 'a lock held by pid 12 (psql)',
      tenants: [
        { tenant: '1', updated: 90_000, skipped: 0, quarantined: 0, ...touched },
        { tenant: null, updated: 8_213, skipped: 3, quarantined: 0, ...touched },
      ],
    });
    expect(renderSummary({ phase: 'backfill', outcome: 'incomplete', backfills: [report] })).toBe(`
leads-direction (version 1): incomplete
  Rows are still locked.
  Waited for a lock held by pid 12 (psql).
  98,213 updated, 3 skipped, 0 in quarantine, remaining not counted
  492 batches in 41.2 s, 2,384 rows/s
  Complete once nothing is pending by this query:
    SELECT 1 FROM "leads" WHERE "direction" IS NULL LIMIT 1
  tenant  updated  skipped  quarantined              last touched
  (none)    8,213        3            0  2026-01-02T03:04:05.000Z
  1        90,000        0            0  2026-01-02T03:04:05.000Z

Incomplete: work is left. The next run goes on where this one stopped.
`);
  });

  it('says why nothing was to do', () => {
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
  ] as const)('says of a %s that its rows are %s', (kind, done) => {
    const report = reportOf({ kind, tenants: [{ tenant: '1', ...ROWS, ...touched }] });
    const summary = renderSummary({ phase: 'backfill', outcome: 'complete', backfills: [report] });
    expect(summary).toContain(`\n  98,213 ${done}, 0 skipped`);
    expect(summary).toMatch(new RegExp(`tenant +${done} +skipped`));
  });

  it.each([
    ['that another process is at it', { status: 'running' }, /another process is running what is left/],
    ['that a person holds it back', { status: 'paused' }, /`--resume` lets the next run take it up/],
    ['that a person has cancelled it', { status: 'cancelled' }, /held back by a person/],
    ['that only a quarantine is left', { quarantined: 2, remaining: 2 }, /only rows in quarantine are left/],
    ['that rows are left besides', { quarantined: 2, remaining: 3 }, /The next run goes on/],
    ['that rows are left, counted or not', { quarantined: 2, remaining: null }, /The next run goes on/],
  ] as const)('closes by saying %s', (_, changes, closing) => {
    const report = reportOf({ status: 'incomplete', proved: false, ...changes });
    const backfills = [reportOf(), report];
    expect(renderSummary({ phase: 'backfill', outcome: 'incomplete', backfills }).trim()).toMatch(
      new RegExp(`\\n\\nIncomplete: .*${closing.source}.*$`),
    );
    const stopped = reportOf({ name: 'other', status: 'incomplete', proved: false, remaining: 9 });
    expect(
      renderSummary({ phase: 'backfill', outcome: 'incomplete', backfills: [report, stopped] }),
    ).toContain('The next run goes on where this one stopped.');
  });

  it.each([
    ['done', 'complete', {}, 'Complete for the tenants asked for: '],
    ['done before', 'nothing-to-do', {}, 'Nothing to do for the tenants asked for: '],
    [
      'of no row',
      'nothing-to-do',
      { withoutRows: ['acme'] },
      'Nothing to do: no row has a tenant that was asked for.',
    ],
  ] as const)(
    'closes with no word of all backfills where some tenants were %s',
    (_, outcome, changes, closing) => {
      const report = reportOf({
        nothingToDo: outcome === 'nothing-to-do',
        onlyTenants: ['acme'],
        ...changes,
      });
      const summary = renderSummary({ phase: 'backfill', outcome, backfills: [report] });
      expect(summary).toContain(`\n\n${closing}`);
      expect(summary).not.toContain('every backfill');
    },
  );

  it('says once that there was nothing to do, and shows no query where none is known', () => {
    const nothing = reportOf({ nothingToDo: true, reason: 'Nothing to do: complete since noon.' });
    const paused = reportOf({
      ...{ status: 'paused', proved: false, reason: 'Paused by ann.', proof: '' },
      waitingFor: 'a person to resume it: Paused by ann.',
    } as const);
    const summary = renderSummary({ phase: 'backfill', outcome: 'incomplete', backfills: [nothing, paused] });
    expect(summary).toContain('(version 1): nothing to do\n  Complete since noon.\n');
    expect(summary).toContain('Waited for a person to resume it: Paused by ann.\n');
    expect(summary).not.toContain('Complete once');
  });

  it('tells a reason of several lines as it is', () => {
    const reason = 'The database could not be reached.\n  → Try again.';
    expect(renderSummary({ phase: 'backfill', outcome: 'failed', reason, backfills: [] })).toBe(
      '\nFailed.\nThe database could not be reached.\n  → Try again.\n',
    );
  });

  it('shows the tenants with undone rows first, and no more than fit on a screen', () => {
    const tenants = Array.from({ length: 60 }, (_, index) => ({
      ...{ tenant: String(index), updated: index, skipped: 0, quarantined: index === 3 ? 1 : 0 },
      ...touched,
    }));
    const lines = renderTenantTable(tenants);
    expect(lines).toHaveLength(1 + MAX_TENANTS_SHOWN + 1);
    expect(lines[1]).toMatch(/^3 /);
    expect(lines[2]).toMatch(/^59 /);
    expect(lines.at(-1)).toBe('… and 40 more; --json has them all');
  });
});

describe('the one object of --json', () => {
  it('is one line and starts with the keys that are promised', () => {
    const json = renderReportJson({ phase: 'backfill', outcome: 'complete', backfills: [reportOf()] });
    expect(json).not.toContain('\n');
    expect(json).toMatch(
      /^\{"phase":"backfill","outcome":"complete","backfills":\[\{"name":"leads-direction","status":"complete","updated":98213,"skipped":0,"quarantined":0,"remaining":0,"batches":492,"durationMs":41200,"rowsPerSecond":2383.8,"waitingFor":null,/,
    );
    expect(JSON.parse(json)).toEqual({ phase: 'backfill', outcome: 'complete', backfills: [reportOf()] });
  });
});

describe('the status', () => {
  it('shows each backfill in a table and why it stands there', () => {
    const status = renderStatus({
      phase: 'backfill',
      backfills: [
        statusOf(),
        statusOf({
          name: 'old',
          version: 0,
          declared: false,
          status: 'incomplete',
          reason: '2 rows are in quarantine.',
          updated: 5,
          quarantined: 2,
          batches: 1,
          changedAt: null,
          leasedBy: 'db1:77',
          waitingFor: 'a lock',
          quarantine: [{ key: ['7', 'x'], error: 'null value\n  in column', attempts: 3 }],
        }),
      ],
    });
    expect(status).toBe(`
backfill         version  status      updated  skipped  quarantined  batches  since
leads-direction        1  complete     98,213        0            0      492  2026-01-02T03:05:00.000Z
old                    0  incomplete        5        0            2        1  never run

leads-direction
  Every row is done.

old
  2 rows are in quarantine.
  Not declared by this application: another deployment of it has run it.
  Being run by db1:77.
  Waiting for a lock.
  In quarantine (--retry-quarantined tries them again):
    (7, x): null value in column (3 attempts)
    … and 1 more
`);
  });

  it('shows what is set while it runs: by whom, when and why', () => {
    const settings = [
      {
        setting: 'batchSize',
        value: '500',
        by: 'ann@desk',
        why: 'it is\nnight',
        at: '2026-01-02T03:04:05.000Z',
      },
      { setting: 'pause', value: '20', by: 'bob@desk', why: null, at: '2026-01-02T03:04:06.000Z' },
    ];
    const status = renderStatus({ phase: 'backfill', backfills: [statusOf({ settings })] });
    expect(status).toContain(`
  Set while it runs: batchSize=500 (ann@desk, 2026-01-02T03:04:05.000Z: it is night)
  Set while it runs: pause=20 (bob@desk, 2026-01-02T03:04:06.000Z)
`);
  });

  it('says so when there is nothing to show', () => {
    expect(renderStatus({ phase: 'backfill', backfills: [] })).toContain('No backfill is declared');
  });

  it('tells how many rows drifted, and when catch-up last looked and how', () => {
    const at = '2026-01-03T00:00:00.000Z';
    const caughtUp = statusOf({
      drift: { rows: 1_200, times: 2, lastAt: at },
      looked: { at, index: 'leads_pending' },
    });
    const told = (report: typeof caughtUp) => renderStatus({ phase: 'backfill', backfills: [report] });
    expect(told(caughtUp)).toContain(
      `  Rows became pending after it was complete (drift), 2 times, last at ${at}: 1,200 rows done since.
  Catch-up last looked at ${at}, by the index leads_pending.
`,
    );
    expect(told({ ...caughtUp, looked: { at, index: null } })).toContain(
      'no index serves the pending predicate',
    );
  });

  it('tells by what a backfill is sealed, and not when it was looked at before', () => {
    const status = renderStatus({
      phase: 'backfill',
      backfills: [
        statusOf({
          sealedBy: 'migration RequireDirection1: NOT NULL of direction',
          looked: { at: '2026-01-03T00:00:00.000Z', index: 'leads_pending' },
        }),
      ],
    });
    expect(status).toContain(
      '  Sealed by migration RequireDirection1: NOT NULL of direction: while that stands, nothing can become pending.\n',
    );
    expect(status).not.toContain('Catch-up last looked');
  });
});

describe('an order to backfills', () => {
  const paused: ControlledBackfill = {
    name: 'leads-direction',
    version: 1,
    changed: true,
    status: 'paused',
    reason: 'Paused by ann@desk: lunch.',
    settings: [],
  };

  it('is told with what follows from it, or that it was so already', () => {
    const backfills = [paused, { ...paused, name: 'old', changed: false }];
    expect(renderControl({ phase: 'backfill', control: 'pause', backfills })).toBe(`
leads-direction: paused
  Paused by ann@desk: lunch.
  Running workers finish the batch in hand and end within a second; --resume lets it go on.

old: paused; it is paused already
  Paused by ann@desk: lunch.
`);
  });
});

describe('the plan', () => {
  it('shows rows, rate, index, triggers, the statement and its plan', () => {
    expect(renderPlan({ phase: 'backfill', plan: [planOf()] })).toBe(`
leads-direction (version 1): set on public.leads, pending
  Pending:  98,213 rows, 492 batches of 200
  Rate:     2,384 rows/s, measured with one batch that was rolled back; the whole takes ~1 min 06 s
  Index:    leads_pkey
  Triggers: leads_audit (AFTER UPDATE)
  One batch:
    UPDATE "leads"
    SET "direction" = $1
  Its parameters:
    $1 = 'it''s'
    $2 = NULL
  Its plan:
    Update on leads
      ->  Index Scan

Nothing was changed.
`);
  });

  it('warns, and marks what it could only estimate or not know', () => {
    const estimated = planOf({
      pendingIsEstimate: true,
      index: null,
      triggers: [],
      measuredRowsPerSecond: null,
      warnings: ['No index serves it.'],
    });
    const plan = renderPlan({
      phase: 'backfill',
      plan: [estimated, planOf({ pending: null, batches: null })],
    });
    expect(plan).toContain('Pending:  ~98,213 rows, ~492 batches of 200\n');
    expect(plan).toContain('Rate:     not measured');
    expect(plan).toContain('Index:    none serves the pending predicate\n');
    expect(plan).toContain('Triggers: none will fire\n');
    expect(plan).toContain('Warning:  No index serves it.\n');
    expect(plan).toContain('Pending:  not known');
    const done = planOf({ pending: 0, batches: 0, measuredRowsPerSecond: null });
    expect(renderPlan({ phase: 'backfill', plan: [done] })).toContain('not measured: no row is pending');
  });
});

describe('text on a terminal', () => {
  it.each([
    [0, '0 ms'],
    [850, '850 ms'],
    [1_000, '1 s'],
    [12_340, '12.3 s'],
    [59_949, '59.9 s'],
    [59_960, '1 min'],
    [245_000, '4 min 05 s'],
    [3_599_600, '1 h'],
    [7_980_000, '2 h 13 min'],
    [273_600_000, '3 d 04 h'],
  ])('shows %d ms as %s', (milliseconds, text) => {
    expect(renderDuration(milliseconds)).toBe(text);
  });

  it('never rounds up to all of it', () => {
    expect(renderPercentage(0.9999)).toBe('99 %');
    expect(renderPercentage(1)).toBe('100 %');
    expect(renderPercentage(1.2)).toBe('100 %');
  });

  it('lets no row of the database move the cursor or reorder the line', () => {
    expect(printable('a\u001b[2Jb\u202ec\n')).toBe(String.raw`a\u001b[2Jb\u202ec\u000a`);
  });

  it('is cut where the terminal ends, wide letters counted as two', () => {
    expect(clip('abcdef', 6)).toBe('abcdef');
    expect(clip('abcdef', 5)).toBe('abcd…');
    expect(clip('株式会社', 6)).toBe('株式…');
    expect(clip('abc', 0)).toBe('');
  });

  it('aligns numbers to the right', () => {
    expect(
      renderTable(
        [
          ['a', 'n', 'text'],
          ['株', '10', 'b'],
        ],
        [2],
      ),
    ).toEqual(['a    n  text', '株  10  b']);
  });
});
