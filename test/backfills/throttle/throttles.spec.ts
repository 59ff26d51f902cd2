import { ThrottledRun } from '../../support/runs/throttled-run.ts';
import { LockHolder } from '../../support/server/lock-holder.ts';
import {
  LABELLED,
  mailQueueOf,
  Parcel,
  parcelStage,
  PARCELS,
  PolledOften,
} from '../../support/tables/parcels.ts';
import { Recorder } from '../../support/runs/recorder.ts';
import { Stage } from '../../support/applications/stage.ts';
import { until, untilBlocked, untilRow } from '../../support/runs/until.ts';

const stage = parcelStage();

describe('a run waits', () => {
  it('while a session waits for a lock on the table, e.g. a migration', async () => {
    const reader = await LockHolder.hold(stage.database, 'SELECT FROM parcels LIMIT 1');
    const migration = LockHolder.hold(stage.database, 'LOCK TABLE parcels', 'a migration');
    await untilBlocked(stage.database, 'a migration');
    const run = ThrottledRun.start(stage, 'labels');
    await run.waitsFor(/sessions waiting for locks: 1 session waits for the table \(limit 0\)/);
    await reader.release();
    await (await migration).release();
    expect(await run.ended).toMatchObject(LABELLED);
  });

  it('while more users than the limit wait for rows of the table', async () => {
    const holder = await LockHolder.hold(stage.database, 'SELECT FROM parcels WHERE id < 3 FOR UPDATE');
    const users = [1, 2].map((id) =>
      LockHolder.hold(stage.database, `UPDATE parcels SET weight = 1 WHERE id = ${id}`, `user ${id}`),
    );
    for (const id of [1, 2]) await untilBlocked(stage.database, `user ${id}`);
    const run = ThrottledRun.start(stage, 'labels');
    await run.waitsFor(/2 sessions wait for its rows \(limit 1\)/);
    await holder.release();
    for (const user of await Promise.all(users)) await user.release();
    expect(await run.ended).toMatchObject(LABELLED);
  });

  it('while CREATE INDEX runs on the table', async () => {
    const writer = await LockHolder.hold(stage.database, 'UPDATE parcels SET weight = 1 WHERE id = 7');
    const building = stage.database.session(
      (client) => client.query('CREATE INDEX CONCURRENTLY ON parcels (weight)'),
      'an operator',
    );
    await untilBlocked(stage.database, 'an operator');
    const run = ThrottledRun.start(stage, 'labels');
    await run.waitsFor(/maintenance of the table: CREATE INDEX \(pid \d+\) is running on it/);
    await writer.release();
    await building;
    expect(await run.ended).toMatchObject(LABELLED);
  });

  it('while a manual VACUUM runs on the table', async () => {
    await stage.query(
      `INSERT INTO parcels SELECT i, repeat('x', 200) FROM generate_series(1001, 40000) AS i`,
    );
    const vacuum = await stage.database.connect('an operator');
    await vacuum.query('SET vacuum_cost_delay = 100; SET vacuum_cost_limit = 1');
    const vacuuming = vacuum.query('VACUUM parcels').catch((error: unknown) => String(error));
    await until(
      async () =>
        (await stage.value(
          'SELECT count(*) FROM pg_stat_progress_vacuum WHERE datname = current_database()',
        )) !== '0',
    );
    const run = ThrottledRun.start(stage, 'labels');
    await run.waitsFor(/maintenance of the table: VACUUM \(pid \d+\) is running on it/);
    await stage.query(
      `SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'an operator' AND datname = current_database()`,
    );
    expect(await vacuuming).toMatch('canceling statement');
    await vacuum.end();
    expect(await run.ended).toMatchObject(LABELLED);
  });

  it('while a transaction that holds back VACUUM is older than the limit of this backfill', async () => {
    const report = await LockHolder.hold(
      stage.database,
      'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT FROM parcels LIMIT 1',
      'a report',
    );
    await untilRow(
      stage.database,
      `SELECT pid FROM pg_stat_activity WHERE pid = $1 AND xact_start < clock_timestamp() - interval '1.5 s'`,
      [report.pid],
    );
    const run = ThrottledRun.start(stage, 'strict');
    await run.waitsFor(
      /oldest transaction: pid \d+ \(a report\), idle in transaction, has a transaction open for \d+ s \(limit 1 s\)/,
    );
    expect(await stage.run('labels')).toMatchObject({ status: 'complete' });
    await report.release();
    expect(await run.ended).toMatchObject({ status: 'complete', waitingFor: null });
  });

  it('while a check of the application returns a reason; the check is called with the backfill', async () => {
    const queue = mailQueueOf(stage.application);
    queue.answer = async () => '12,000 mails are queued';
    const run = ThrottledRun.start(stage, 'labels');
    await run.waitsFor(/^mail queue: 12,000 mails are queued, since /);
    expect(run.recorder.waits[0]?.throttles).toEqual([
      { name: 'mail queue', reason: '12,000 mails are queued', since: expect.any(String) as string },
    ]);
    expect(queue.calls[0]).toMatchObject({ backfill: 'labels', version: 1, table: '"parcels"' });
    expect(await stage.value('SELECT count(*) FROM parcels WHERE label IS NOT NULL')).toBe('0');
    queue.answer = async () => null;
    expect(await run.ended).toMatchObject(LABELLED);
    expect(run.recorder.notes).toContainEqual(expect.stringMatching(/^Continuing after \d+ s\.$/));
  });
});

describe('a run does not wait', () => {
  it('with `throttles: false`, and calls no check', async () => {
    const queue = mailQueueOf(stage.application);
    queue.answer = async () => '12,000 mails are queued';
    expect(await stage.run('unthrottled')).toMatchObject(LABELLED);
    expect(queue.calls).toEqual([]);
  });

  it('on a healthy database with all throttles on', async () => {
    const recorder = new Recorder();
    expect(await stage.run('polled-often', { recorder })).toMatchObject(LABELLED);
    expect(recorder.waits).toEqual([]);
    expect(mailQueueOf(stage.application).calls.length).toBeGreaterThan(0);
  });
});

describe('the throttles', () => {
  it('are polled once per interval, not once per batch', async () => {
    expect(await stage.run('polled-seldom')).toMatchObject({ ...LABELLED, batches: PARCELS / 10 });
    expect(mailQueueOf(stage.application).calls).toHaveLength(1);
  });
});

describe('an application whose role sees only its own sessions', () => {
  const plain = Stage.for({
    entities: [Parcel],
    backfills: [PolledOften],
    plainRole: true,
    module: { defaults: { pause: 0 }, throttles: { unreadableAfter: 0 } },
    prepare: (database) => database.query(`INSERT INTO parcels SELECT generate_series(1, ${PARCELS})`),
  });

  it('can read every throttle', async () => {
    const recorder = new Recorder();
    expect(await plain.run('polled-often', { recorder })).toMatchObject(LABELLED);
    expect(recorder.waits).toEqual([]);
  });
});
