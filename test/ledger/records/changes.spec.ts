import { Parameters } from '../../../libs/backfill/src/postgres/parameters.ts';
import { SampleLedger } from '../../../libs/backfill/src/ledger/records/sample.ledger.ts';
import { LedgerWithNeighbours } from './neighbours.ts';

describe('a change of the records of a backfill leaves those of other names, versions and tables alone', () => {
  const unchanged = LedgerWithNeighbours.forEachTest();
  let stage: LedgerWithNeighbours;
  beforeEach(() => {
    stage = unchanged.current;
  });

  it('a transition, which is recorded with its actor', async () => {
    const { status } = stage.ledger;
    const change = { to: 'paused', reason: 'Too slow', waitingFor: 'a person', person: 'me@host' } as const;
    expect(await status.transition(stage.session, change)).toBe(true);
    expect(await status.transition(stage.session, change)).toBe(false);
    expect(await stage.own('backfill', 'status, reason, waiting_for')).toEqual([
      { status: 'paused', reason: 'Too slow', waiting_for: 'a person' },
    ]);
    const rows = await stage.own('transition', 'from_status, to_status, reason, actor');
    expect(rows.slice(3)).toEqual([
      { from_status: 'running', to_status: 'paused', reason: 'Too slow', actor: 'me@host' },
    ]);
    await expect(status.transition(stage.session, { to: 'running', reason: 'x' })).rejects.toThrow('paused');
    expect(await status.wasResumed(stage.session, ['Too'])).toBe(false);
    await status.transition(stage.session, { to: 'incomplete', reason: 'Go on', person: 'me@host' });
    expect(await status.wasResumed(stage.session, ['Other', 'Too slow'])).toBe(true);
    expect(await status.wasResumed(stage.session, ['slow', 'Too slow!'])).toBe(false);
  });

  it('a completion, its seal, and the drift after it', async () => {
    const { status, catchUp } = stage.ledger;
    expect(await catchUp.seal(stage.session, 'a constraint')).toBe(false);
    await status.transition(stage.session, { to: 'complete', reason: 'Proved' });
    expect(await catchUp.seal(stage.session, 'a constraint')).toBe(true);
    expect(await catchUp.seal(stage.session, 'a constraint')).toBe(false);
    const facts = 'sealed_by, sealed_at IS NULL AS "isOpen", completed_at = proved_at AS proved';
    expect(await stage.own('backfill', facts)).toEqual([
      { sealed_by: 'a constraint', isOpen: false, proved: true },
    ]);
    const [first] = await stage.own('backfill', 'started_at');
    expect(first?.['started_at']).toEqual(new Date('2026-01-01Z'));
    await status.transition(stage.session, { to: 'running', reason: 'Drift' });
    expect(await stage.own('backfill', `${facts}, started_at, completed_at`)).toEqual([
      {
        sealed_by: null,
        isOpen: true,
        proved: null,
        started_at: new Date('2026-01-01Z'),
        completed_at: null,
      },
    ]);
    const rows = await stage.own('transition', 'to_status, actor');
    expect(rows.slice(3)).toEqual([
      { to_status: 'complete', actor: 'host:1:own' },
      { to_status: 'running', actor: 'host:1:own' },
    ]);
  });

  it('what it waits for, its pace and its probes', async () => {
    const { status, pace, catchUp } = stage.ledger;
    const waiting = async () => (await stage.own('backfill', 'waiting_for'))[0]?.['waiting_for'];
    await stage.session.transaction([status.recordWait('a lock', 'something else')]);
    expect(await waiting()).toBe('Wait 1');
    await stage.session.transaction([status.recordWait('a lock', 'Wait 1')]);
    expect(await waiting()).toBe('a lock');
    await stage.session.transaction([status.recordWaitToStart(null)]);
    expect(await waiting()).toBeNull();
    expect(await pace.current(stage.session)).toBeNull();
    const measured = { limitedBy: 'server', rowsPerBatch: 5, serverMs: 1, networkMs: 2 } as const;
    await stage.session.transaction([pace.record({ ...measured, processMs: 3, pauseMs: 4 })]);
    expect(await pace.current(stage.session)).toMatchObject({ ...measured, processMs: 3, pauseMs: 4 });
    await catchUp.postpone(stage.session, 0);
    expect(await catchUp.record(stage.session, 'whole')).toMatchObject({ isPostponed: false, cursor: ['4'] });
    await catchUp.recordProbe(stage.session, { index: null, cursor: ['7'], pauseMs: 60_000 });
    expect(await catchUp.record(stage.session, 'whole')).toMatchObject({ isPostponed: true, cursor: ['7'] });
    await stage.database.query(`UPDATE nestjs_backfill.range SET state = 'done', lease_expires_at = NULL
      WHERE name = 'names' AND version = 2 AND target = 'public.leads' AND tenants IS NULL`);
    expect(await catchUp.record(stage.session, 'whole')).toMatchObject({ hasUnfinished: false });
    expect(await catchUp.record(stage.session, 'every')).toMatchObject({
      hasUnfinished: true,
      leasedBy: null,
    });
  });

  it('a row that goes to quarantine, and rows that leave it or the skipped ones', async () => {
    const { quarantine, skipped } = stage.ledger;
    const entry = { tenant: 'a', error: 'broken', code: '22000' };
    const add = async (key: string) =>
      (await stage.session.transaction([quarantine.add({ ...entry, key: [key] })])).last.rows;
    expect([await add('1'), await add('1'), await add('3')]).toEqual([[['t']], [['f']], [['f']]]);
    expect(await stage.own('skipped_row', 'key')).toEqual([{ key: ['2'] }]);
    const rows = await stage.own('quarantined_row', 'key, attempts, error, error_code');
    expect(rows.filter(({ error }) => error === 'broken')).toEqual([
      { key: ['1'], attempts: 2, error: 'broken', error_code: '22000' },
      { key: ['3'], attempts: 2, error: 'broken', error_code: '22000' },
    ]);
    const events = await stage.own('event', 'type, reason, actor, key, tenant');
    expect(events.slice(1)).toEqual([
      { type: 'quarantined', reason: 'broken', actor: 'host:1:own', key: ['1'], tenant: 'a' },
    ]);
    const remove = async (of: 'quarantine' | 'skipped') => {
      const parameters = new Parameters();
      const sql = stage.ledger[of].remove(parameters, 'done');
      const cte = `WITH done AS (SELECT '["2"]'::jsonb AS key UNION ALL SELECT '["3"]'::jsonb)`;
      await stage.session.transaction([{ text: `${cte} ${sql}`, values: parameters.values }]);
    };
    await remove('quarantine');
    expect(await quarantine.keys(stage.session, null, null, 9)).toEqual([['1'], ['4'], ['5'], ['6'], ['7']]);
    await remove('skipped');
    expect(await skipped.list(stage.session, await stage.range(3), null, 9)).toEqual([]);
  });

  it('the progress of tenants', async () => {
    const parameters = new Parameters();
    const add = stage.ledger.progress.add(parameters);
    const changed = `WITH nb_changed AS (SELECT * FROM (VALUES ('a'), ('a'), (NULL), ('new')) AS rows (nb_tenant))`;
    const statement = { text: `${changed} ${add}`, values: parameters.values };
    await stage.session.transaction([statement]);
    const tenants = async () =>
      (await stage.ledger.progress.tenants(stage.session, null)).map(({ tenant, updated }) => [
        tenant,
        updated,
      ]);
    expect(await tenants()).toEqual([
      [null, 31],
      ['b', 20],
      ['a', 17],
      ['new', 1],
    ]);
    for (let times = 0; times < 40; times++) await stage.session.transaction([statement]);
    expect((await tenants()).slice(0, 2)).toEqual([
      ['a', 97],
      [null, 71],
    ]);
    // After 32 updates of a row, the next batch begins a new one.
    expect(await stage.own('tenant_progress', 'tenant, chain::int, revision')).toEqual(
      expect.arrayContaining([
        { tenant: 'new', chain: 0, revision: 32 },
        { tenant: 'new', chain: 1, revision: 7 },
        { tenant: 'a', chain: 1, revision: 32 },
        { tenant: 'a', chain: 2, revision: 8 },
      ]),
    );
  });

  it('a sample', async () => {
    const samples = new SampleLedger(stage.ledger);
    const sample = { run: 'n', updated: 1.4, batches: 2, remaining: null, batchSize: 3, throttledMs: 4.6 };
    await stage.session.transaction([samples.add({ ...sample, waitingFor: 'a lock', waitedMs: 60_000 })]);
    const waited = `at - waiting_since BETWEEN interval '60 seconds' AND interval '61 seconds' AS waited`;
    const facts = `run, updated::int, batches::int, remaining, batch_size, throttled_ms::int, waiting_for`;
    expect((await stage.own('sample', `${facts}, ${waited}`)).at(-1)).toEqual({
      ...{ run: 'n', updated: 1, batches: 2, remaining: null, batch_size: 3, throttled_ms: 5 },
      ...{ waiting_for: 'a lock', waited: true },
    });
  });
});
