import type { ControlledBackfill } from 'nestjs-backfill/reports';
import { renderControl } from '../../../libs/backfill/src/one-shot/output/text/control.renderer.ts';
import { renderStatus } from '../../../libs/backfill/src/one-shot/output/text/status.renderer.ts';
import { statusOf } from './reports.ts';

const AT = '2026-01-03T00:00:00.000Z';

function render(changes: Parameters<typeof statusOf>[0]): string {
  return renderStatus({ phase: 'backfill', backfills: [statusOf(changes)] });
}

describe('the status', () => {
  it('shows all backfills in a table, and the reason for the status of each', () => {
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
  No row is pending any more.

old
  2 rows are in quarantine.
  Not declared by this application: another version of the application ran it. If its class was removed, --forget old deletes its records.
  Running in process db1:77.
  Waiting for a lock.
  In quarantine (--retry-quarantined tries these rows again):
    (7, x): null value in column (3 attempts)
    … and 1 more
`);
  });

  it('shows live settings with their author, time and reason', () => {
    const at = '2026-01-02T03:04:05.000Z';
    const settings = [
      { setting: 'batchSize', value: '500', by: 'ann@desk', why: 'it is\nnight', at },
      { setting: 'pause', value: '20', by: 'bob@desk', why: null, at: '2026-01-02T03:04:06.000Z' },
    ];
    expect(render({ settings })).toContain(`
  Live setting: batchSize=500 (ann@desk, 2026-01-02T03:04:05.000Z: it is night)
  Live setting: pause=20 (bob@desk, 2026-01-02T03:04:06.000Z)
`);
  });

  it('shows what limits a running backfill, and where the time of its batches goes', () => {
    const pace = {
      limitedBy: 'network',
      rowsPerBatch: 2_000,
      serverMs: 9.1,
      networkMs: 112.4,
      processMs: 1,
      pauseMs: 0,
      at: AT,
    } as const;
    expect(render({ status: 'running', pace })).toContain(
      '\n  Limited by the network. A batch of 2,000 rows takes 9.1 ms in the server, 112.4 ms in the network, 1 ms in the process and 0 ms of pause.\n',
    );
    expect(render({ pace: { ...pace, limitedBy: 'throttle', rowsPerBatch: null } })).toContain(
      '\n  Limited by a throttle.\n',
    );
  });

  it('shows the other tables of a backfill: those that are not complete first, and only some of many', () => {
    const complete = Array.from({ length: 30 }, (_, at) => ({
      target: `tenant_${at}.leads`,
      status: 'complete' as const,
      reason: 'No row is pending any more.',
      changedAt: AT,
    }));
    const failed = {
      ...complete[0],
      target: 'tenant_99.leads',
      status: 'failed' as const,
      changedAt: AT,
      reason: '',
    };
    const text = render({
      target: 'tenant_7.leads',
      otherTargets: { total: 31, complete: 30, first: [failed, ...complete] },
    });
    expect(text).toContain(`
leads-direction on tenant_7.leads
  No row is pending any more.
  Also on 31 other tables, of which 30 are complete (--target SCHEMA shows one):
    tenant_99.leads: failed since ${AT}
    tenant_0.leads: complete since ${AT}
`);
    expect(text).toContain('    … and 11 more\n');
  });

  it('shows that no backfill is declared', () => {
    expect(renderStatus({ phase: 'backfill', backfills: [] })).toContain('No backfill is declared');
  });

  it('shows how many rows drifted, and when and with which index catch-up last probed', () => {
    const drift = { rows: 1_200, times: 2, lastAt: AT };
    expect(render({ drift, looked: { at: AT, index: 'leads_pending' } })).toContain(
      `  Rows became pending after completion (drift): 2 times, last at ${AT}; 1,200 rows changed since then.
  Catch-up last probed at ${AT}, with the index leads_pending.
`,
    );
    expect(render({ drift, looked: { at: AT, index: null } })).toContain(
      'no index serves the pending predicate',
    );
  });

  it('shows the seal of a backfill instead of the last check before it', () => {
    const status = render({
      sealedBy: 'migration RequireDirection1: NOT NULL of direction',
      looked: { at: AT, index: 'leads_pending' },
    });
    expect(status).toContain(
      '  Sealed by migration RequireDirection1: NOT NULL of direction. While this constraint exists, no row can become pending.\n',
    );
    expect(status).not.toContain('Catch-up last probed');
  });
});

describe('the result of a control command', () => {
  const paused: ControlledBackfill = {
    name: 'leads-direction',
    version: 1,
    target: 'public.leads',
    targets: 1,
    changed: true,
    changedTargets: { total: 1, first: ['public.leads'] },
    unchangedTargets: [],
    status: 'paused',
    reason: 'Paused by ann@desk: lunch.',
    settings: [],
  };

  it('shows the consequences, or that the command changed nothing', () => {
    const backfills = [paused, { ...paused, name: 'old', changed: false }];
    expect(renderControl({ phase: 'backfill', control: 'pause', backfills })).toBe(`
leads-direction: paused
  Paused by ann@desk: lunch.
  Running workers finish their current batch and stop within a second. --resume continues the backfill.

old: paused; it is already paused
  Paused by ann@desk: lunch.
`);
  });

  it('lists on several tables which have changed, which have not and why', () => {
    const many: ControlledBackfill = {
      ...paused,
      ...{ targets: 5_004, status: 'complete', reason: 'No row is pending.' },
      changedTargets: { total: 5_000, first: ['tenant_1.leads', 'tenant_2.leads'] },
      unchangedTargets: [
        { status: 'complete', total: 3, first: ['old_1.leads', 'old_2.leads', 'old_3.leads'] },
        { status: 'paused', total: 1, first: ['slow.leads'] },
      ],
    };
    expect(renderControl({ phase: 'backfill', control: 'pause', backfills: [many] })).toBe(`
leads-direction: paused on 5,000 of 5,004 tables
  Changed: tenant_1.leads, tenant_2.leads and 4,998 more
  Unchanged: 3 complete: old_1.leads, old_2.leads, old_3.leads
  Unchanged: 1 already paused: slow.leads
  Running workers finish their current batch and stop within a second. --resume continues the backfill.
`);
  });

  it('shows the backfills that do not allow the command, beside those that do', () => {
    const refused = [
      { name: 'done', kind: 'status', reason: 'Backfill "done" is complete.\n  → It needs no pause.' },
    ] as const;
    expect(renderControl({ phase: 'backfill', control: 'pause', backfills: [paused], refused })).toContain(
      '\n\ndone: unchanged\n  Backfill "done" is complete.\n    → It needs no pause.\n',
    );
  });
});
