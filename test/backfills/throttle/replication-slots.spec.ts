import { Backfill } from 'nestjs-backfill';
import { ThrottledRun } from '../../support/runs/throttled-run.ts';
import { ReplicatedServer } from '../../support/server/replica.ts';
import { Stage } from '../../support/applications/stage.ts';
import { until } from '../../support/runs/until.ts';
import { Labels, LABELS, Parcel } from '../../support/tables/parcels.ts';

const ROWS = 200;
const MEGABYTE = 1024 * 1024;

@Backfill<Parcel>({
  ...LABELS,
  name: 'by-bytes',
  // The pause makes the run long enough for the throttle to become unreadable.
  pause: 50,
  throttles: { replicaLag: { bytes: MEGABYTE, seconds: 3_600 } },
})
class ByBytes extends Labels {}

@Backfill<Parcel>({
  ...LABELS,
  name: 'by-slots',
  throttles: { replicationSlots: { bytes: MEGABYTE, safeBytes: 0 } },
})
class BySlots extends Labels {}

@Backfill<Parcel>({
  ...LABELS,
  name: 'by-safe-size',
  throttles: { replicationSlots: { bytes: 2 ** 40, safeBytes: 1024 * MEGABYTE } },
})
class BySafeSize extends Labels {}

@Backfill<Parcel>({
  ...LABELS,
  name: 'ignoring-slots',
  throttles: { replicationSlots: { bytes: 0, ignore: ['forgotten'] } },
})
class IgnoringSlots extends Labels {}

const BACKFILLS = [ByBytes, BySlots, BySafeSize, IgnoringSlots];
const OFF = {
  replicaLag: false,
  replicationSlots: false,
  walArchive: false,
  maintenance: false,
  lockWaiters: false,
  oldestTransaction: false,
  activeConnections: false,
} as const;
const COMPLETE = { status: 'complete', updated: ROWS, waitingFor: null };

let server: ReplicatedServer;
beforeAll(async () => {
  server = await ReplicatedServer.start();
});

const OPTIONS = {
  server: () => server.url,
  entities: [Parcel],
  backfills: BACKFILLS,
  module: { defaults: { pause: 0 }, throttles: { ...OFF, interval: 20, unreadableAfter: 300 } },
};
const stage = Stage.for(OPTIONS);
/** An application with an ordinary role, which sees only its own sessions. */
const plain = Stage.for({ ...OPTIONS, plainRole: true });
// Registered after the stages, so that it runs after they have dropped their databases.
afterAll(() => server?.stop());

beforeEach(async () => {
  for (const each of [stage, plain]) {
    await each.query(`TRUNCATE parcels; INSERT INTO parcels SELECT generate_series(1, ${ROWS});
      DO $$ BEGIN
        IF to_regclass('nestjs_backfill.range') IS NOT NULL THEN TRUNCATE nestjs_backfill.backfill, nestjs_backfill.control CASCADE; END IF;
      END $$`);
  }
});

/** Writes WAL of this size through a separate table. */
async function writeWal(bytes: number): Promise<void> {
  await stage.query(`CREATE TABLE IF NOT EXISTS filler (text text)`);
  await stage.query(
    `INSERT INTO filler SELECT repeat(md5(i::text), 30) FROM generate_series(1, $1::int) AS i`,
    [Math.ceil(bytes / 900)],
  );
}

describe.each([
  ['an administrator', () => stage],
  ['a role that cannot see the sessions of others', () => plain],
])('a run by %s', (_, stageOfRole) => {
  const dropSlot = () =>
    server.onPrimary(
      `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = 'forgotten'`,
    );
  beforeEach(() => server.onPrimary(`SELECT pg_create_physical_replication_slot('forgotten', true)`));
  afterEach(async () => {
    await dropSlot();
    await server.onPrimary('ALTER SYSTEM RESET max_slot_wal_keep_size');
    await server.onPrimary('SELECT pg_reload_conf()');
  });

  it('waits while a slot that nobody reads holds too much WAL, and says how to drop it', async () => {
    await writeWal(2 * MEGABYTE);
    const [plan] = (await stageOfRole().application.service.plan({ names: ['by-slots'] })).plan;
    const problem = 'the physical slot "forgotten", which nobody reads, holds ';
    expect(plan?.warnings).toContainEqual(expect.stringContaining(`The run waits at its start: ${problem}`));
    const run = ThrottledRun.start(stageOfRole(), 'by-slots');
    await run.waitsFor(
      /replication slots: the physical slot "forgotten", which nobody reads, holds [\d.]+ MB of WAL/,
    );
    expect(run.recorder.waits[0]?.waitingFor).toContain(`SELECT pg_drop_replication_slot('forgotten')`);
    expect(await stageOfRole().run('ignoring-slots')).toMatchObject(COMPLETE);
    await dropSlot();
    expect(await run.ended).toMatchObject({ status: 'complete' });
  });

  it('waits before the server drops the WAL of a slot', async () => {
    await server.onPrimary(`ALTER SYSTEM SET max_slot_wal_keep_size = '64MB'`);
    await server.onPrimary('SELECT pg_reload_conf()');
    await until(async () => {
      await writeWal(4 * MEGABYTE);
      const [slot] = await server.onPrimary<{ near: boolean }>(
        `SELECT safe_wal_size < pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) AND safe_wal_size > 0 AS near
         FROM pg_replication_slots WHERE slot_name = 'forgotten'`,
      );
      return slot?.near === true;
    });
    const run = ThrottledRun.start(stageOfRole(), 'by-safe-size');
    await run.waitsFor(
      /the physical slot "forgotten", which nobody reads, is lost after another [\d.]+ MB of WAL/,
    );
    await dropSlot();
    expect(await run.ended).toMatchObject(COMPLETE);
  });
});

describe('a run whose role cannot see the lag of replicas', () => {
  it('does not take what a replica has received by its slot for what it has replayed', async () => {
    await server.useSlot('reports');
    await server.pauseReplay();
    await writeWal(2 * MEGABYTE);
    const run = ThrottledRun.start(plain, 'by-bytes');
    await run.waitsFor(/the lag of replica "reports-replica" is hidden from this role/);
    await server.resumeReplay();
    await plain.query(`UPDATE parcels SET label = 'by hand'`);
    expect(await plain.application.service.cancel('by-bytes')).toMatchObject({ changed: true });
    expect(await run.ended).toMatchObject({ status: 'cancelled' });
  });
});
