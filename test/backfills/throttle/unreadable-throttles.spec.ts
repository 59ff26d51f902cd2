import {
  ThrottlePoll,
  type ThrottlePollPart,
} from '../../../libs/backfill/src/backfills/throttle/throttle.poll.ts';
import { ThrottleReading } from '../../../libs/backfill/src/backfills/throttle/throttle.reading.ts';
import { THROTTLE_DEFAULTS } from '../../../libs/backfill/src/backfills/throttle/throttle.limits.ts';
import { Session } from '../../../libs/backfill/src/postgres/session.ts';
import { TestApplication } from '../../support/applications/application.ts';
import { ThrottledRun } from '../../support/runs/throttled-run.ts';
import {
  LABELLED,
  mailQueueOf,
  PARCEL_OPTIONS,
  parcelStage,
  POLL_MARK,
  type MailQueue,
} from '../../support/tables/parcels.ts';
import { ProtocolProxy } from '../../support/server/protocol-proxy.ts';
import { Recorder } from '../../support/runs/recorder.ts';
import { until } from '../../support/runs/until.ts';

const stage = parcelStage();

const LEASES = 'SELECT count(*) FROM nestjs_backfill.range WHERE lease_owner IS NOT NULL';

/** The same application, connected through a proxy. */
async function withProxy(
  work: (application: TestApplication, proxy: ProtocolProxy) => Promise<void>,
): Promise<void> {
  const proxy = await ProtocolProxy.start(stage.database);
  const application = await TestApplication.start({
    ...PARCEL_OPTIONS,
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

describe('a throttle that cannot be read', () => {
  it.each<[string, MailQueue['answer'], RegExp]>([
    [
      'throws',
      () => Promise.reject(new Error('no route to host')),
      /could not be read for \d+ s: no route to host/,
    ],
    ['never answers', () => new Promise(() => undefined), /could not be read for \d+ s: it does not answer/],
    [
      'returns something else',
      () => Promise.resolve(5 as unknown as string),
      /could not be read for \d+ s: check\(\) returned number/,
    ],
  ])('holds the run until it can be read again if it %s', async (_, answer, expected) => {
    const queue = mailQueueOf(stage.application);
    queue.answer = answer;
    const run = ThrottledRun.start(stage, 'slow');
    await run.waitsFor(expected);
    queue.answer = async () => null;
    expect(await run.ended).toMatchObject(LABELLED);
  });

  it('counts as above its limit after 15 s by a monotonic clock; its last value is valid until then', () => {
    let now = 1_000;
    const reading = new ThrottleReading('replica lag', THROTTLE_DEFAULTS.unreadableAfter, () => now);
    reading.pollStarted();
    reading.pollSucceeded('too far behind');
    now += 3_600_000;
    // There was no poll since, so the throttle has not failed.
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

  it('is aborted when its answer is overdue, and called again', async () => {
    const queue = mailQueueOf(stage.application);
    let aborted = 0;
    queue.answer = ({ signal }) =>
      new Promise((resolve) => signal.addEventListener('abort', () => (aborted++, resolve(null))));
    const run = ThrottledRun.start(stage, 'slow');
    await until(() => aborted > 1);
    queue.answer = async () => null;
    expect(await run.ended).toMatchObject({ status: 'complete' });
  });
});

describe('a poll', () => {
  /** Values that parts have received, in order. */
  const received: string[] = [];
  beforeEach(() => (received.length = 0));
  const part = (name: string, query: string): ThrottlePollPart => ({
    reading: new ThrottleReading(name, 0, () => 0),
    query: () => query,
    read: (value) => (received.push(`${name} ${value}`), null),
  });

  it('does not block the polls of other workers if its connection hangs', async () => {
    await withProxy(async ({ service, context }, proxy) => {
      const recorder = new Recorder();
      const run = service.run({ names: ['two-workers'], observer: recorder });
      await until(async () => (await stage.value(LEASES).catch(() => '0')) === '2');
      const passReply = await proxy.holdReply(POLL_MARK);
      const queue = mailQueueOf({ context });
      queue.answer = async () => 'not now';
      await recorder.until(({ waits }) => waits.some(({ waitingFor }) => waitingFor.includes('not now')));
      const wasStillHeld = passReply();
      expect(wasStillHeld).toBe(true);
      queue.answer = async () => null;
      await service.set('two-workers', { pause: 0 });
      expect(await run).toMatchObject({ backfills: [LABELLED] });
    });
  });

  it('is ignored if its answer arrives after the answer to a later poll', async () => {
    await withProxy(async ({ dataSource }, proxy) => {
      const poll = new ThrottlePoll('"parcels"', [part('parcels', 'SELECT count(*) FROM parcels')]);
      const sessions = [await Session.open(dataSource), await Session.open(dataSource)] as const;
      const heldReply = proxy.holdReply('SELECT count(*) FROM parcels');
      const earlier = poll.read(sessions[0]);
      const passReply = await heldReply;
      await stage.query('DELETE FROM parcels WHERE id > 10');
      await poll.read(sessions[1]);
      passReply();
      await earlier;
      for (const session of sessions) await session.close();
      expect(received).toEqual(['parcels 10']);
    });
  });

  it('reads the other throttles even if one fails', async () => {
    const broken = part('broken', 'SELECT 1 / (random() * 0)::int');
    const poll = new ThrottlePoll('"parcels"', [part('first', 'SELECT 1'), broken, part('last', 'SELECT 2')]);
    const session = await Session.open(stage.application.dataSource);
    expect(await poll.read(session)).toMatch(/^\d{4}-/);
    expect(await poll.read(session)).toMatch(/^\d{4}-/);
    await session.close();
    expect(received).toEqual(['first 1', 'last 2', 'first 1', 'last 2']);
    expect(broken.reading.waitReason).toContain('division by zero');
  });
});
