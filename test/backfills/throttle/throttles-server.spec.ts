import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { Column, Entity, IsNull, PrimaryColumn } from 'typeorm';
import { HeldRun } from '../../support/held-run.ts';
import { Recorder } from '../../support/recorder.ts';
import { REPLICA, ReplicatedServer } from '../../support/replica.ts';
import { Stage } from '../../support/stage.ts';
import { until } from '../../support/until.ts';

const ROWS = 200;
const MEGABYTE = 1024 * 1024;

@Entity('parcels')
class Parcel {
  @PrimaryColumn({ type: 'int' })
  id!: number;

  @Column({ type: 'text', nullable: true })
  label!: string | null;
}

const LABELS = { entity: Parcel, where: { label: IsNull() }, batchSize: 10 };

class Labels implements SetBackfill<Parcel> {
  set() {
    return { label: `'parcel ' || id` };
  }
}

/** All throttles but the one that the test is about are off: the server is one for all tests of this file. */
@Backfill<Parcel>({
  ...LABELS,
  name: 'by-bytes',
  // Long enough at work to be found unable to read it.
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
    // Archives as long as the file is there.
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
/** An application as most are: its role may see what belongs to it, and nothing else. */
const plain = Stage.for({ ...OPTIONS, plainRole: true });
// After the stages, which leave their databases before.
afterAll(() => server?.stop());

beforeEach(async () => {
  archive(true);
  for (const each of [stage, plain]) {
    await each.query(`TRUNCATE parcels; INSERT INTO parcels SELECT generate_series(1, ${ROWS});
      DO $$ BEGIN
        IF to_regclass('nestjs_backfill.range') IS NOT NULL THEN TRUNCATE nestjs_backfill.backfill CASCADE; END IF;
      END $$`);
  }
});

function archive(on: boolean): void {
  const file = join(server.folder, 'archiving');
  if (on) writeFileSync(file, '');
  else rmSync(file, { force: true });
}

/** So much of WAL is written, in a table of its own. */
async function writeWal(bytes: number): Promise<void> {
  await stage.query(`CREATE TABLE IF NOT EXISTS filler (text text)`);
  await stage.query(
    `INSERT INTO filler SELECT repeat(md5(i::text), 30) FROM generate_series(1, $1::int) AS i`,
    [Math.ceil(bytes / 900)],
  );
}

describe('a run makes way', () => {
  it('for a replica that is behind by too much', async () => {
    await server.pauseReplay();
    await writeWal(2 * MEGABYTE);
    const run = HeldRun.start(stage, 'by-bytes');
    await run.isHeldBy(/replica lag: replica "reports-replica" is [\d.]+ MB behind \(limit 1 MB\)/);
    expect(await stage.run('ignoring')).toMatchObject(COMPLETE);
    await server.resumeReplay();
    expect(await run.ended).toMatchObject({ status: 'complete' });
  });

  it('for a replica that is behind for too long', async () => {
    // PostgreSQL tells the time of what is not replayed only once it has seen something replayed.
    await writeWal(1_000);
    await server.pauseReplay();
    await writeWal(1_000);
    const run = stage.run('by-bytes');
    expect(await run).toMatchObject(COMPLETE);
    await stage.query('UPDATE parcels SET label = NULL');
    await untilLag(1.5);
    const held = HeldRun.start(stage, 'by-seconds');
    await held.isHeldBy(/replica lag: replica "reports-replica" is \d+ s behind \(limit 1 s\)/);
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

  it('for WAL that waits for the archiver', async () => {
    await until(async () => {
      await stage.query('SELECT pg_switch_wal()');
      return (await stage.value('SELECT last_archived_wal IS NOT NULL FROM pg_stat_archiver')) === 'true';
    });
    archive(false);
    for (let files = 0; files < 5; files++) {
      await writeWal(1_000);
      await stage.query('SELECT pg_switch_wal()');
    }
    const run = HeldRun.start(stage, 'archived');
    await run.isHeldBy(/WAL archive: \d files wait for the archiver \(limit 2\)/);
    archive(true);
    expect(await run.ended).toMatchObject(COMPLETE);
  });

  it('for more sessions at work than it leaves room for', async () => {
    const sessions = await Promise.all(
      Array.from({ length: 25 }, () => stage.database.connect('a busy user')),
    );
    const work = sessions.map((session) => session.query('SELECT pg_sleep(600)').catch(() => undefined));
    const run = HeldRun.start(stage, 'busy');
    await run.isHeldBy(/active connections: 2\d of 100 are at work \(limit 20 %\)/);
    await stage.query(
      `SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'a busy user'`,
    );
    await Promise.all(work);
    await Promise.all(sessions.map((session) => session.end()));
    expect(await run.ended).toMatchObject(COMPLETE);
  });
});

describe('a role that may not see how far replicas are', () => {
  it('is held after a while, and told what it lacks; with the right it goes on', async () => {
    const run = HeldRun.start(plain, 'by-bytes');
    await run.isHeldBy(
      /replica lag: it could not be read for \d+ s: how far replica "reports-replica" is behind is hidden from this role/,
    );
    expect(run.recorder.waits[0]?.waitingFor).toContain('GRANT pg_read_all_stats');
    await plain.query(`DO $$ BEGIN EXECUTE format('GRANT pg_read_all_stats TO %I',
      (SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database())); END $$`);
    expect(await run.ended).toMatchObject({ status: 'complete' });
  });
});

describe.each([
  ['an administrator', () => stage],
  ['a role that may not see what it does', () => plain],
])('autovacuum of the table, seen by %s', (_, seenBy) => {
  /** It goes on for longer than any test. */
  async function slowTable(): Promise<void> {
    await seenBy().query(
      `INSERT INTO parcels SELECT i, repeat('x', 200) FROM generate_series(1001, 60000) AS i`,
    );
    await seenBy().query(`ALTER TABLE parcels SET (autovacuum_vacuum_cost_delay = 100,
      autovacuum_vacuum_cost_limit = 1, autovacuum_vacuum_insert_threshold = 0, autovacuum_vacuum_insert_scale_factor = 0)`);
  }

  async function untilVacuuming(): Promise<void> {
    await until(
      async () =>
        (await seenBy().value(
          `SELECT count(*) FROM pg_stat_progress_vacuum WHERE datname = current_database() AND relid = 'parcels'::regclass`,
        )) === '1',
    );
  }

  /** Ends it, and keeps another one from starting. */
  async function letEnd(): Promise<void> {
    let altered = false;
    // It queues up behind the worker for the table's lock, and so comes before the next one.
    const altering = seenBy()
      .query(
        `ALTER TABLE parcels SET (autovacuum_enabled = false), RESET (autovacuum_vacuum_cost_delay, autovacuum_vacuum_cost_limit)`,
      )
      .finally(() => (altered = true));
    await until(async () => {
      await seenBy().query('SELECT pg_terminate_backend(pid) FROM pg_stat_progress_vacuum');
      return altered;
    });
    await altering;
    await seenBy().query('VACUUM (FREEZE) parcels');
  }

  afterEach(() => seenBy().query('ALTER TABLE parcels RESET (autovacuum_enabled)'));

  it('is let be, unless it is asked for', async () => {
    await slowTable();
    await untilVacuuming();
    const recorder = new Recorder();
    expect(await seenBy().run('against-wraparound', { recorder })).toMatchObject(COMPLETE);
    expect(recorder.waits).toEqual([]);
    await seenBy().query(`UPDATE parcels SET label = NULL WHERE id <= ${ROWS}`);
    const run = HeldRun.start(seenBy(), 'any-autovacuum');
    await run.isHeldBy(/maintenance of the table: autovacuum \(pid \d+\) is running on it/);
    await letEnd();
    expect(await run.ended).toMatchObject(COMPLETE);
  });

  it('is waited for when it keeps transaction ids from wrapping around', async () => {
    // Only this one comes to a table that autovacuum is to leave alone.
    await seenBy().query('ALTER TABLE parcels SET (autovacuum_enabled = false)');
    await slowTable();
    await seenBy().query(`CREATE TABLE IF NOT EXISTS filler (text text)`);
    // Each block is a transaction of its own inside of the one, with an id of its own.
    await seenBy().query(`DO $$ BEGIN FOR i IN 1..101000 LOOP
        BEGIN INSERT INTO filler VALUES ('x'); EXCEPTION WHEN division_by_zero THEN NULL; END;
      END LOOP; END $$`);
    await untilVacuuming();
    const run = HeldRun.start(seenBy(), 'against-wraparound');
    await run.isHeldBy(
      /maintenance of the table: autovacuum to prevent wraparound \(pid \d+\) is running on it/,
    );
    await letEnd();
    expect(await run.ended).toMatchObject(COMPLETE);
  });
});
