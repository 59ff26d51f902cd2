import { Injectable, Scope } from '@nestjs/common';
import {
  Backfill,
  BackfillThrottle,
  InvalidBackfillOptionError,
  RequestScopedThrottleError,
  ThrottleDeclarationError,
  type SetBackfill,
  type ThrottleCheck,
  type ThrottleContext,
} from 'nestjs-backfill';
import { Column, Entity, IsNull, PrimaryColumn } from 'typeorm';
import {
  ThrottlePoll,
  type ThrottlePollPart,
} from '../../../libs/backfill/src/backfills/throttle/throttle.poll.ts';
import { ThrottleReading } from '../../../libs/backfill/src/backfills/throttle/throttle.reading.ts';
import { THROTTLE_DEFAULTS } from '../../../libs/backfill/src/backfills/throttle/throttle.limits.ts';
import { Session } from '../../../libs/backfill/src/postgres/session.ts';
import { TestApplication } from '../../support/application.ts';
import { TestDatabase } from '../../support/database.ts';
import { HeldRun } from '../../support/held-run.ts';
import { LockHolder } from '../../support/lock-holder.ts';
import { ProtocolProxy } from '../../support/protocol-proxy.ts';
import { Recorder } from '../../support/recorder.ts';
import { Stage } from '../../support/stage.ts';
import { until, untilBlocked, untilRow } from '../../support/until.ts';

const ROWS = 200;

@Entity('parcels')
class Parcel {
  @PrimaryColumn({ type: 'int' })
  id!: number;

  @Column({ type: 'text', nullable: true })
  label!: string | null;

  @Column({ type: 'int', nullable: true })
  weight!: number | null;
}

const LABELS = { entity: Parcel, where: { label: IsNull() }, batchSize: 10 };

@Backfill<Parcel>({ ...LABELS, name: 'labels' })
class Labels implements SetBackfill<Parcel> {
  set() {
    return { label: `'parcel ' || id` };
  }
}

/** The table's own settings go before the module's. */
@Backfill<Parcel>({
  ...LABELS,
  name: 'young-only',
  throttles: { oldestTransaction: { seconds: 1 }, lockWaiters: false },
})
class YoungOnly extends Labels {}

@Backfill<Parcel>({ ...LABELS, name: 'often-looking', throttles: { interval: 10 } })
class OftenLooking extends Labels {}

@Backfill<Parcel>({ ...LABELS, name: 'seldom-looking', throttles: { interval: 60_000 } })
class SeldomLooking extends Labels {}

/** Long enough to be found unreadable. */
@Backfill<Parcel>({ ...LABELS, name: 'slowly', pause: 50 })
class Slowly extends Labels {}

/** Its workers rest after their first batch, and look meanwhile; what a look sends is told by its mark. */
@Backfill<Parcel>({
  ...LABELS,
  name: 'together',
  workers: 2,
  pause: 3_600_000,
  throttles: { replicaLag: { ignore: ['the mark of a look'] } },
})
class Together extends Labels {}

@Backfill<Parcel>({ ...LABELS, name: 'never-throttled', throttles: false })
class NeverThrottled extends Labels {}

/** What the application's own throttle says is said here. */
@BackfillThrottle({
  name: 'mail queue',
  backfills: ['labels', 'often-looking', 'seldom-looking', 'slowly', 'together'],
})
class MailQueue implements ThrottleCheck {
  readonly asked: ThrottleContext[] = [];
  answer: (context: ThrottleContext) => Promise<string | null> = async () => null;

  check(context: ThrottleContext) {
    this.asked.push(context);
    return this.answer(context);
  }
}

const OPTIONS = {
  entities: [Parcel],
  backfills: [Labels, YoungOnly, OftenLooking, SeldomLooking, Slowly, Together, NeverThrottled],
  providers: [MailQueue],
  module: {
    leaseDuration: 1_000,
    defaults: { pause: 0 },
    throttles: { interval: 20, unreadableAfter: 300, lockWaiters: { rows: 1 } },
  },
};

const stage = Stage.for(OPTIONS);

function queue({ context }: Pick<TestApplication, 'context'> = stage.application): MailQueue {
  return context.get(MailQueue);
}

/** The same application by way of a proxy. */
async function byProxy(
  work: (application: TestApplication, proxy: ProtocolProxy) => Promise<void>,
): Promise<void> {
  const proxy = await ProtocolProxy.start(stage.database);
  const application = await TestApplication.start({
    ...OPTIONS,
    database: proxy.database,
    synchronize: false,
  });
  try {
    await work(application, proxy);
  } finally {
    await application.stop();
    await proxy.close();
  }
}

beforeEach(async () => {
  queue().answer = async () => null;
  queue().asked.length = 0;
  await stage.query(`TRUNCATE parcels; INSERT INTO parcels SELECT generate_series(1, ${ROWS});
    DO $$ BEGIN
      IF to_regclass('nestjs_backfill.range') IS NOT NULL THEN TRUNCATE nestjs_backfill.backfill CASCADE; END IF;
    END $$`);
});

const LEASES = 'SELECT count(*) FROM nestjs_backfill.range WHERE lease_owner IS NOT NULL';

const COMPLETE = { status: 'complete', updated: ROWS, waitingFor: null };

describe('a run makes way', () => {
  it('for sessions that wait for a lock on the table, e.g. a migration', async () => {
    const reader = await LockHolder.hold(stage.database, 'SELECT FROM parcels LIMIT 1');
    const migration = LockHolder.hold(stage.database, 'LOCK TABLE parcels', 'a migration');
    await untilBlocked(stage.database, 'a migration');
    const run = HeldRun.start(stage, 'labels');
    await run.isHeldBy(/sessions waiting for locks: 1 session waits for the table \(limit 0\)/);
    await reader.release();
    await (await migration).release();
    expect(await run.ended).toMatchObject(COMPLETE);
  });

  it('for users who wait for rows of the table, once they are more than the limit', async () => {
    const holder = await LockHolder.hold(stage.database, 'SELECT FROM parcels WHERE id < 3 FOR UPDATE');
    const users = [1, 2].map((id) =>
      LockHolder.hold(stage.database, `UPDATE parcels SET weight = 1 WHERE id = ${id}`, `user ${id}`),
    );
    for (const id of [1, 2]) await untilBlocked(stage.database, `user ${id}`);
    const run = HeldRun.start(stage, 'labels');
    await run.isHeldBy(/2 sessions wait for its rows \(limit 1\)/);
    await holder.release();
    for (const user of await Promise.all(users)) await user.release();
    expect(await run.ended).toMatchObject(COMPLETE);
  });

  it('for a CREATE INDEX on the table', async () => {
    const writer = await LockHolder.hold(stage.database, 'UPDATE parcels SET weight = 1 WHERE id = 7');
    const building = stage.database.session(
      (client) => client.query('CREATE INDEX CONCURRENTLY ON parcels (weight)'),
      'an operator',
    );
    await untilBlocked(stage.database, 'an operator');
    const run = HeldRun.start(stage, 'labels');
    await run.isHeldBy(/maintenance of the table: CREATE INDEX \(pid \d+\) is running on it/);
    await writer.release();
    await building;
    expect(await run.ended).toMatchObject(COMPLETE);
  });

  it('for a VACUUM of the table that somebody has started', async () => {
    await stage.query(
      `INSERT INTO parcels SELECT i, repeat('x', 200) FROM generate_series(1001, 40000) AS i`,
    );
    const vacuum = await stage.database.connect('an operator');
    await vacuum.query('SET vacuum_cost_delay = 100; SET vacuum_cost_limit = 1');
    const vacuuming = vacuum.query('VACUUM parcels').catch((error: unknown) => String(error));
    await until(async () => (await stage.value('SELECT count(*) FROM pg_stat_progress_vacuum')) !== '0');
    const run = HeldRun.start(stage, 'labels');
    await run.isHeldBy(/maintenance of the table: VACUUM \(pid \d+\) is running on it/);
    await stage.query(
      `SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'an operator' AND datname = current_database()`,
    );
    expect(await vacuuming).toMatch('canceling statement');
    await vacuum.end();
    expect(await run.ended).toMatchObject(COMPLETE);
  });

  it('for a transaction that is open for long and keeps VACUUM from its work, by the limit of the one backfill', async () => {
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
    const run = HeldRun.start(stage, 'young-only');
    await run.isHeldBy(
      /oldest transaction: pid \d+ \(a report\), idle in transaction, has a transaction open for \d+ s \(limit 1 s\)/,
    );
    expect(await stage.run('labels')).toMatchObject({ status: 'complete' });
    await report.release();
    expect(await run.ended).toMatchObject({ status: 'complete', waitingFor: null });
  });

  it('for what the application itself says, and tells it which backfill it is about', async () => {
    queue().answer = async () => '12,000 mails are queued';
    const run = HeldRun.start(stage, 'labels');
    await run.isHeldBy(/^mail queue: 12,000 mails are queued, since /);
    expect(run.recorder.waits[0]?.throttles).toEqual([
      { name: 'mail queue', reason: '12,000 mails are queued', since: expect.any(String) as string },
    ]);
    expect(queue().asked[0]).toMatchObject({ backfill: 'labels', version: 1, table: '"parcels"' });
    expect(await stage.value('SELECT count(*) FROM parcels WHERE label IS NOT NULL')).toBe('0');
    queue().answer = async () => null;
    expect(await run.ended).toMatchObject(COMPLETE);
    expect(run.recorder.notes).toContainEqual(expect.stringMatching(/^Continuing after \d+ s\.$/));
  });

  it('not for what it is told not to mind', async () => {
    queue().answer = async () => '12,000 mails are queued';
    expect(await stage.run('never-throttled')).toMatchObject(COMPLETE);
    expect(queue().asked).toEqual([]);
  });

  it('not on a database in good health, with all throttles on', async () => {
    const recorder = new Recorder();
    expect(await stage.run('often-looking', { recorder })).toMatchObject(COMPLETE);
    expect(recorder.waits).toEqual([]);
    expect(queue().asked.length).toBeGreaterThan(0);
  });
});

describe('an application with a role that may see only what is its own', () => {
  const plain = Stage.for({
    entities: [Parcel],
    backfills: [OftenLooking],
    plainRole: true,
    module: { defaults: { pause: 0 }, throttles: { unreadableAfter: 0 } },
    prepare: (database) => database.query(`INSERT INTO parcels SELECT generate_series(1, ${ROWS})`),
  });

  it('can read every throttle', async () => {
    const recorder = new Recorder();
    expect(await plain.run('often-looking', { recorder })).toMatchObject(COMPLETE);
    expect(recorder.waits).toEqual([]);
  });
});

describe('a throttle that cannot be read', () => {
  it.each<[string, MailQueue['answer'], RegExp]>([
    [
      'throws',
      () => Promise.reject(new Error('no route to host')),
      /could not be read for \d+ s: no route to host/,
    ],
    ['never answers', () => new Promise(() => undefined), /could not be read for \d+ s: it gives no answer/],
    [
      'answers with something else',
      () => Promise.resolve(5 as unknown as string),
      /could not be read for \d+ s: check\(\) returned number/,
    ],
  ])('since it %s holds the run until it can be read again', async (_, answer, says) => {
    queue().answer = answer;
    const run = HeldRun.start(stage, 'slowly');
    await run.isHeldBy(says);
    queue().answer = async () => null;
    expect(await run.ended).toMatchObject(COMPLETE);
  });

  it('counts as above its limit after 15 s, by a clock that nobody sets, and its last answer holds until then', () => {
    let now = 1_000;
    const reading = new ThrottleReading('replica lag', THROTTLE_DEFAULTS.unreadableAfter, () => now);
    reading.pollStarted();
    reading.pollSucceeded('too far behind');
    now += 3_600_000;
    // Nobody has asked since: that is no fault of the throttle.
    expect(reading.waitReason).toBe('too far behind');
    reading.pollStarted();
    reading.pollFailed('permission denied');
    now += 14_999;
    reading.pollStarted();
    expect(reading.waitReason).toBe('too far behind');
    now += 1;
    expect(reading.waitReason).toBe('it could not be read for 15 s: permission denied');
    reading.pollSucceeded(null);
    expect(reading.waitReason).toBeNull();
  });

  const said: string[] = [];
  const part = (name: string, query: string): ThrottlePollPart => ({
    reading: new ThrottleReading(name, 0, () => 0),
    query: () => query,
    take: (value) => (said.push(`${name} ${value}`), null),
  });
  beforeEach(() => (said.length = 0));

  it('since one worker waits for it on a connection that hangs, is read by the others on theirs', async () => {
    await byProxy(async ({ service, context }, proxy) => {
      const recorder = new Recorder();
      const run = service.run({ names: ['together'], observer: recorder });
      await until(async () => (await stage.value(LEASES).catch(() => '0')) === '2');
      const pass = await proxy.holdReply('the mark of a look');
      queue({ context }).answer = async () => 'not now';
      await recorder.until(({ waits }) => waits.some(({ waitingFor }) => waitingFor.includes('not now')));
      const wasStillAwaited = pass();
      expect(wasStillAwaited).toBe(true);
      queue({ context }).answer = async () => null;
      await service.set('together', { pause: 0 });
      expect(await run).toMatchObject({ backfills: [COMPLETE] });
    });
  });

  it('and answers late is not believed where another worker has read it since', async () => {
    await byProxy(async ({ dataSource }, proxy) => {
      const look = new ThrottlePoll('"parcels"', [part('parcels', 'SELECT count(*) FROM parcels')]);
      const sessions = [await Session.open(dataSource), await Session.open(dataSource)] as const;
      const answer = proxy.holdReply('SELECT count(*) FROM parcels');
      const late = look.read(sessions[0]);
      const pass = await answer;
      await stage.query('DELETE FROM parcels WHERE id > 10');
      await look.read(sessions[1]);
      pass();
      await late;
      for (const session of sessions) await session.close();
      expect(said).toEqual(['parcels 10']);
    });
  });

  it('does not hide what the others say', async () => {
    const broken = part('broken', 'SELECT 1 / (random() * 0)::int');
    const look = new ThrottlePoll('"parcels"', [part('first', 'SELECT 1'), broken, part('last', 'SELECT 2')]);
    const session = await Session.open(stage.application.dataSource);
    expect(await look.read(session)).toMatch(/^\d{4}-/);
    expect(await look.read(session)).toMatch(/^\d{4}-/);
    await session.close();
    expect(said).toEqual(['first 1', 'last 2', 'first 1', 'last 2']);
    expect(broken.reading.waitReason).toContain('division by zero');
  });

  it('is told to give up when its answer is overdue, and is asked again', async () => {
    const given: boolean[] = [];
    queue().answer = ({ signal }) =>
      new Promise((resolve) => signal.addEventListener('abort', () => (given.push(true), resolve(null))));
    const run = HeldRun.start(stage, 'slowly');
    await until(() => given.length > 1);
    queue().answer = async () => null;
    expect(await run.ended).toMatchObject({ status: 'complete' });
  });
});

describe('a run that is held', () => {
  /** Held in the middle of its work, with a range in hand. */
  async function heldAtWork(options: Parameters<typeof HeldRun.start>[2] = {}): Promise<HeldRun> {
    const run = HeldRun.start(stage, 'slowly', options);
    await run.recorder.until(({ progress }) => progress.length === 2);
    queue().answer = async () => 'not now';
    await run.isHeldBy(/not now/);
    return run;
  }

  it('keeps its lease, however long it is held', async () => {
    const run = await heldAtWork();
    const seen = new Set<string>();
    await until(async () => {
      seen.add(await stage.value('SELECT max(lease_expires_at)::text FROM nestjs_backfill.range'));
      return seen.size > 4;
    });
    expect(await stage.status('slowly')).toMatchObject({ leasedBy: expect.any(String) as string });
    queue().answer = async () => null;
    expect(await run.ended).toMatchObject(COMPLETE);
    expect(run.recorder.notes.filter((note) => !note.startsWith('Continuing after'))).toEqual([]);
  });

  it('hands its range back when it is told to stop, and says what it waited for', async () => {
    const stop = new AbortController();
    const run = await heldAtWork({ signal: stop.signal });
    stop.abort('SIGTERM');
    expect(await run.ended).toMatchObject({
      status: 'incomplete',
      reason: 'Stopped by SIGTERM.',
      waitingFor: expect.stringMatching(/^mail queue: not now, since /) as string,
    });
    expect(await stage.value(LEASES)).toBe('0');
    expect(await stage.status('slowly')).toMatchObject({
      status: 'incomplete',
      waitingFor: expect.stringContaining('not now') as string,
    });
  });

  it('before its first batch stops when it is told to, and leaves the ledger as it was', async () => {
    queue().answer = async () => 'not now';
    const stop = new AbortController();
    const run = HeldRun.start(stage, 'labels', { signal: stop.signal });
    await run.isHeldBy(/not now/);
    stop.abort('SIGTERM');
    expect(await run.ended).toMatchObject({
      status: 'incomplete',
      reason: 'Stopped by SIGTERM.',
      waitingFor: expect.stringMatching(/^mail queue: not now, since /) as string,
      updated: 0,
    });
    expect(await stage.status('labels')).toMatchObject({ status: 'pending', waitingFor: null });
  });

  it('stops at its time limit', async () => {
    queue().answer = async () => 'not now';
    const report = await stage.run('labels', { maxDurationMs: 500 });
    expect(report).toMatchObject({
      status: 'incomplete',
      reason: 'Stopped at its time limit of 0.5 s.',
      waitingFor: expect.stringMatching(/^mail queue: not now/) as string,
    });
  });
});

describe('what is asked', () => {
  it('is asked once in an interval, however many batches there are', async () => {
    expect(await stage.run('seldom-looking')).toMatchObject({ ...COMPLETE, batches: ROWS / 10 });
    expect(queue().asked).toHaveLength(1);
  });
});

describe('a declaration of throttles', () => {
  async function starting(options: Partial<Parameters<typeof TestApplication.start>[0]>): Promise<unknown> {
    const database = await TestDatabase.create();
    try {
      const application = await TestApplication.start({
        database,
        entities: [Parcel],
        backfills: [Labels],
        ...options,
      });
      await application.stop();
      return null;
    } catch (error) {
      return error;
    } finally {
      await database.drop();
    }
  }

  it.each([
    [{ replicaLag: { bytes: -1 } }, 'throttles.replicaLag.bytes', 'a whole number of bytes'],
    [{ replicaLag: { secnds: 1 } }, 'throttles.replicaLag.secnds', 'Did you mean `seconds`?'],
    [{ replicaLag: { secs: 1 } }, 'throttles.replicaLag.secs', 'The options are bytes, seconds, ignore'],
    [{ replicaLag: true }, 'throttles.replicaLag', 'false to turn it off'],
    [{ maintenance: ['vacum'] }, 'throttles.maintenance', 'It takes wraparound, autovacuum, vacuum'],
    [{ activeConnections: { share: 75 } }, 'throttles.activeConnections.share', 'a number from 0 to 1'],
    [{ interval: 0 }, 'throttles.interval', 'milliseconds from 10'],
    [
      { replicalag: false },
      'throttles.replicalag',
      'Did you mean `replicaLag`? The options are replicaLag, walArchive',
    ],
    [true, '`throttles` is true', 'false to turn all of them off'],
  ])('is refused at the start when it says %j', async (throttles, option, remedy) => {
    const error = await starting({ module: { throttles: throttles as never } });
    expect(error).toBeInstanceOf(InvalidBackfillOptionError);
    expect(String(error)).toContain(option);
    expect(String(error)).toContain(remedy);
  });

  it('is refused when the check is request-scoped', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class Request {}
    @BackfillThrottle({ name: 'by request' })
    class ByRequest extends MailQueue {
      constructor(readonly request: Request) {
        super();
      }
    }
    const error = await starting({ providers: [Request, ByRequest] });
    expect(error).toBeInstanceOf(RequestScopedThrottleError);
    expect(String(error)).toContain('ByRequest');
  });

  it.each([
    ['has no check()', { name: 'odd' }, class {}, 'no method check()'],
    ['has no name', { name: '' }, MailQueue, 'has no name'],
    ['holds a backfill that is not declared', { name: 'odd', backfills: ['label'] }, MailQueue, '"label"'],
  ])('is refused when a check %s', async (_, options, Base, says) => {
    class Odd extends (Base as new () => object) {}
    BackfillThrottle(options)(Odd);
    const error = await starting({ providers: [Odd] });
    expect(error).toBeInstanceOf(ThrottleDeclarationError);
    expect(String(error)).toContain(says);
  });

  it('is refused when two checks have one name', async () => {
    class One extends MailQueue {}
    class Two extends MailQueue {}
    for (const Check of [One, Two]) BackfillThrottle({ name: 'queue' })(Check);
    expect(String(await starting({ providers: [One, Two] }))).toContain(
      'another throttle is named "queue" too',
    );
  });
});
