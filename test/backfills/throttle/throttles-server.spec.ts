import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Backfill } from 'nestjs-backfill';
import { ThrottledRun } from '../../support/runs/throttled-run.ts';
import { Recorder } from '../../support/runs/recorder.ts';
import { REPLICA, ReplicatedServer } from '../../support/server/replica.ts';
import { Stage } from '../../support/applications/stage.ts';
import { until } from '../../support/runs/until.ts';
import { Labels, LABELS, Parcel } from '../../support/tables/parcels.ts';

const ROWS = 200;
const MEGABYTE = 1024 * 1024;

/** The tests of this file share one server, so each backfill has one throttle only. */
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
  name: 'by-seconds',
  throttles: { replicaLag: { bytes: 2 ** 40, seconds: 1 } },
})
class BySeconds extends Labels {}

@Backfill<Parcel>({ ...LABELS, name: 'ignoring', throttles: { replicaLag: { bytes: 0, ignore: [REPLICA] } } })
class Ignoring extends Labels {}

@Backfill<Parcel>({ ...LABELS, name: 'archived', throttles: { walArchive: { files: 2 } } })
class Archived extends Labels {}

@Backfill<Parcel>({ ...LABELS, name: 'against-wraparound', throttles: { maintenance: ['wraparound'] } })
class AgainstWraparound extends Labels {}

@Backfill<Parcel>({ ...LABELS, name: 'any-autovacuum', throttles: { maintenance: ['autovacuum'] } })
class AnyAutovacuum extends Labels {}

@Backfill<Parcel>({ ...LABELS, name: 'busy', throttles: { activeConnections: { share: 0.2 } } })
class Busy extends Labels {}

const BACKFILLS = [ByBytes, BySeconds, Ignoring, Archived, AgainstWraparound, AnyAutovacuum, Busy];
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
  server = await ReplicatedServer.start({
    wal_level: 'logical',
    archive_mode: 'on',
    // Archiving succeeds while this file exists.
    archive_command: 'test -e ../archiving',
    autovacuum_naptime: '1s',
    autovacuum_freeze_max_age: '100000',
  });
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
  resumeArchiving();
  for (const each of [stage, plain]) {
    await each.query(`TRUNCATE parcels; INSERT INTO parcels SELECT generate_series(1, ${ROWS});
      DO $$ BEGIN
        IF to_regclass('nestjs_backfill.range') IS NOT NULL THEN TRUNCATE nestjs_backfill.backfill, nestjs_backfill.control CASCADE; END IF;
      END $$`);
  }
});

const archivingFile = () => join(server.folder, 'archiving');

function resumeArchiving(): void {
  writeFileSync(archivingFile(), '');
}

function pauseArchiving(): void {
  rmSync(archivingFile(), { force: true });
}

/** Writes WAL of this size through a separate table. */
async function writeWal(bytes: number): Promise<void> {
  await stage.query(`CREATE TABLE IF NOT EXISTS filler (text text)`);
  await stage.query(
    `INSERT INTO filler SELECT repeat(md5(i::text), 30) FROM generate_series(1, $1::int) AS i`,
    [Math.ceil(bytes / 900)],
  );
}

describe('a run waits', () => {
  it('while a replica is behind by too many bytes', async () => {
    await server.pauseReplay();
    await writeWal(2 * MEGABYTE);
    const run = ThrottledRun.start(stage, 'by-bytes');
    await run.waitsFor(/replica lag: replica "reports-replica" is [\d.]+ MB behind \(limit 1 MB\)/);
    expect(await stage.run('ignoring')).toMatchObject(COMPLETE);
    await server.resumeReplay();
    expect(await run.ended).toMatchObject({ status: 'complete' });
  });

  it('while a replica is behind by too many seconds', async () => {
    // PostgreSQL reports `replay_lag` only after the replica has replayed something.
    await writeWal(1_000);
    await server.pauseReplay();
    await writeWal(1_000);
    const run = stage.run('by-bytes');
    expect(await run).toMatchObject(COMPLETE);
    await stage.query('UPDATE parcels SET label = NULL');
    await untilLag(1.5);
    const held = ThrottledRun.start(stage, 'by-seconds');
    await held.waitsFor(/replica lag: replica "reports-replica" is \d+ s behind \(limit 1 s\)/);
    await server.resumeReplay();
    expect(await held.ended).toMatchObject(COMPLETE);
  });

  async function untilLag(seconds: number): Promise<void> {
    await until(async () => {
      await writeWal(1_000);
      const [row] = await server.onPrimary<{ late: boolean }>(
        `SELECT replay_lag > ${seconds} * interval '1 s' AS late FROM pg_stat_replication`,
      );
      return row?.late === true;
    });
  }

  it('while too many WAL files wait for the archiver', async () => {
    await until(async () => {
      await stage.query('SELECT pg_switch_wal()');
      return (await stage.value('SELECT last_archived_wal IS NOT NULL FROM pg_stat_archiver')) === 'true';
    });
    pauseArchiving();
    for (let files = 0; files < 5; files++) {
      await writeWal(1_000);
      await stage.query('SELECT pg_switch_wal()');
    }
    const run = ThrottledRun.start(stage, 'archived');
    await run.waitsFor(/WAL archive: \d files wait for the archiver \(limit 2\)/);
    resumeArchiving();
    expect(await run.ended).toMatchObject(COMPLETE);
  });

  it('while too many sessions are active', async () => {
    const sessions = await Promise.all(
      Array.from({ length: 25 }, () => stage.database.connect('a busy user')),
    );
    const work = sessions.map((session) => session.query('SELECT pg_sleep(600)').catch(() => undefined));
    const run = ThrottledRun.start(stage, 'busy');
    await run.waitsFor(/active connections: 2\d of 100 are active \(limit 20 %\)/);
    await stage.query(
      `SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'a busy user'`,
    );
    await Promise.all(work);
    await Promise.all(sessions.map((session) => session.end()));
    expect(await run.ended).toMatchObject(COMPLETE);
  });
});

describe('a run whose role cannot see the lag of replicas', () => {
  it('waits after a while and names the missing privilege; it continues when the privilege is granted', async () => {
    const run = ThrottledRun.start(plain, 'by-bytes');
    await run.waitsFor(
      /replica lag: it could not be read for \d+ s: the lag of replica "reports-replica" is hidden from this role/,
    );
    expect(run.recorder.waits[0]?.waitingFor).toContain('GRANT pg_read_all_stats');
    await plain.query(`DO $$ BEGIN EXECUTE format('GRANT pg_read_all_stats TO %I',
      (SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database())); END $$`);
    expect(await run.ended).toMatchObject({ status: 'complete' });
  });
});

describe.each([
  ['an administrator', () => stage],
  ['a role that cannot see the sessions of others', () => plain],
])('a run by %s', (_, stageOfRole) => {
  /** Makes any autovacuum of the table take longer than a test. */
  async function slowDownAutovacuum({ enabled = true } = {}): Promise<void> {
    // An autovacuum that ended between these statements would leave nothing for a later one.
    await stageOfRole().query('ALTER TABLE parcels SET (autovacuum_enabled = false)');
    await stageOfRole().query(
      `INSERT INTO parcels SELECT i, repeat('x', 200) FROM generate_series(1001, 60000) AS i`,
    );
    await stageOfRole()
      .query(`ALTER TABLE parcels SET (autovacuum_enabled = ${enabled}, autovacuum_vacuum_cost_delay = 100,
      autovacuum_vacuum_cost_limit = 1, autovacuum_vacuum_insert_threshold = 0, autovacuum_vacuum_insert_scale_factor = 0)`);
  }

  async function untilVacuuming(): Promise<void> {
    await until(
      async () =>
        (await stageOfRole().value(
          `SELECT count(*) FROM pg_stat_progress_vacuum WHERE datname = current_database() AND relid = 'parcels'::regclass`,
        )) === '1',
    );
  }

  /** Ends the autovacuum and prevents another one. */
  async function endAutovacuum(): Promise<void> {
    let altered = false;
    // ALTER TABLE queues for the lock behind the current worker, so it gets the lock before the next worker.
    const altering = stageOfRole()
      .query(
        `ALTER TABLE parcels SET (autovacuum_enabled = false), RESET (autovacuum_vacuum_cost_delay, autovacuum_vacuum_cost_limit)`,
      )
      .finally(() => (altered = true));
    await until(async () => {
      await stageOfRole().query(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_progress_vacuum WHERE datname = current_database()',
      );
      return altered;
    });
    await altering;
    await stageOfRole().query('VACUUM (FREEZE) parcels');
  }

  afterEach(() => stageOfRole().query('ALTER TABLE parcels RESET (autovacuum_enabled)'));

  it('does not wait for an autovacuum of the table, unless `maintenance` lists it', async () => {
    await slowDownAutovacuum();
    await untilVacuuming();
    const recorder = new Recorder();
    expect(await stageOfRole().run('against-wraparound', { recorder })).toMatchObject(COMPLETE);
    expect(recorder.waits).toEqual([]);
    await stageOfRole().query(`UPDATE parcels SET label = NULL WHERE id <= ${ROWS}`);
    const run = ThrottledRun.start(stageOfRole(), 'any-autovacuum');
    await run.waitsFor(/maintenance of the table: autovacuum \(pid \d+\) is running on it/);
    await endAutovacuum();
    expect(await run.ended).toMatchObject(COMPLETE);
  });

  it('waits for an autovacuum of the table that prevents wraparound', async () => {
    // With autovacuum disabled for the table, only a wraparound autovacuum still runs on it.
    await slowDownAutovacuum({ enabled: false });
    await stageOfRole().query(`CREATE TABLE IF NOT EXISTS filler (text text)`);
    // Each block with an exception handler is a subtransaction, which consumes a transaction ID.
    await stageOfRole().query(`DO $$ BEGIN FOR i IN 1..101000 LOOP
        BEGIN INSERT INTO filler VALUES ('x'); EXCEPTION WHEN division_by_zero THEN NULL; END;
      END LOOP; END $$`);
    await untilVacuuming();
    const run = ThrottledRun.start(stageOfRole(), 'against-wraparound');
    await run.waitsFor(
      /maintenance of the table: autovacuum to prevent wraparound \(pid \d+\) is running on it/,
    );
    await endAutovacuum();
    expect(await run.ended).toMatchObject(COMPLETE);
  });
});
