import { DoJobs, allDoneOnce, jobsStage, readJobs, resetJobs } from '../../../support/applications/jobs.ts';
import { LockHolder } from '../../../support/server/lock-holder.ts';
import { Recorder } from '../../../support/runs/recorder.ts';
import { untilRow } from '../../../support/runs/until.ts';

describe('a conflict with another session', () => {
  const stage = jobsStage(100, { module: { defaults: { pause: 0, lockTimeout: 10_000 } } });
  beforeEach(() => resetJobs(stage.database, 100));

  describe('about a row that a batch needs while it holds its own rows', () => {
    let holder: LockHolder;
    let recorder: Recorder;
    beforeEach(async () => {
      await stage.query(`
        CREATE TABLE ticket (id int PRIMARY KEY, taken int NOT NULL DEFAULT 0);
        INSERT INTO ticket (id) VALUES (1);
        CREATE FUNCTION take_ticket() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          IF NEW.id = 35 THEN UPDATE ticket SET taken = taken + 1; END IF;
          RETURN NEW;
        END $$;
        CREATE TRIGGER take_ticket BEFORE UPDATE ON jobs FOR EACH ROW EXECUTE FUNCTION take_ticket()`);
      holder = await LockHolder.hold(stage.database, 'SELECT FROM ticket FOR UPDATE');
      recorder = new Recorder();
    });
    afterEach(async () => {
      await LockHolder.releaseAll();
      expect(await stage.value('SELECT taken FROM ticket')).toBe('1');
      await stage.query('DROP TRIGGER take_ticket ON jobs; DROP FUNCTION take_ticket; DROP TABLE ticket');
    });

    it('is resolved if it is a deadlock, and do-jobs completes', async () => {
      // PostgreSQL aborts the session that detects the deadlock. With this timeout, the backfill detects it
      // first.
      await holder.query(`SET LOCAL deadlock_timeout = '60s'`);
      let waiting: Promise<void> | undefined;
      DoJobs.before = async ({ rows }) => {
        if (waiting !== undefined || !rows.some(({ id }) => id === '33')) return;
        waiting = holder.query('SELECT FROM jobs WHERE id = 33 FOR UPDATE');
        await untilRow(stage.database, 'SELECT FROM pg_locks WHERE pid = $1 AND NOT granted', [holder.pid]);
      };
      const run = stage.run('do-jobs', { recorder });
      // A run that fails at the deadlock instead ends this wait, and the test.
      await recorder.until(({ notes }) => notes.join().includes('deadlock detected'));
      await waiting;
      await holder.release();
      expect(await run).toMatchObject({ status: 'complete', proved: true, updated: 100 });
      expect(await readJobs(stage.database)).toEqual(allDoneOnce(100));
    });

    it('is no deadlock if the batch runs no code: the batch releases its rows, and note-jobs completes', async () => {
      const run = stage.run('note-jobs', { recorder });
      await recorder.until(({ waits }) => waits.length > 0);
      await holder.query('SELECT FROM jobs WHERE id = 33 FOR UPDATE');
      await holder.release();
      expect(await run).toMatchObject({ status: 'complete', proved: true, updated: 100 });
      expect(recorder.notes.filter((note) => !/^(Limited by|Sweeps in)/.test(note))).toEqual([]);
    });
  });

  it('repeats the batch if it is a serialization failure', async () => {
    await stage.query(`
      CREATE SEQUENCE tries;
      CREATE FUNCTION fail_twice() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.id = 35 AND nextval('tries') < 3 THEN
          RAISE EXCEPTION USING ERRCODE = 'serialization_failure', MESSAGE = 'could not serialize access';
        END IF;
        RETURN NEW;
      END $$;
      CREATE TRIGGER fail_twice BEFORE UPDATE ON jobs FOR EACH ROW EXECUTE FUNCTION fail_twice()`);
    const recorder = new Recorder();
    expect(await stage.run('do-jobs', { recorder })).toMatchObject({ status: 'complete', quarantined: 0 });
    expect(recorder.notes.join()).toContain('could not serialize access');
    expect(await readJobs(stage.database)).toEqual(allDoneOnce(100));
    await stage.query('DROP TRIGGER fail_twice ON jobs; DROP FUNCTION fail_twice; DROP SEQUENCE tries');
  });

  it('is handled even if the default isolation level of the application is stricter', async () => {
    await stage.query(`DO $$ BEGIN
      EXECUTE format('ALTER DATABASE %I SET default_transaction_isolation = ''serializable''', current_database());
    END $$`);
    // Existing sessions keep the old default.
    await stage.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'the application'`);
    const holder = await LockHolder.hold(stage.database, `SELECT FROM jobs WHERE id = 7 FOR UPDATE`);
    const recorder = new Recorder();
    const run = stage.run('note-jobs', { recorder });
    await recorder.until(({ progress }) => progress.some(({ updated }) => updated === 99));
    await holder.query(`UPDATE jobs SET note = 'by the application' WHERE id = 7`);
    await holder.release();
    expect(await run).toMatchObject({ status: 'complete', updated: 99 });
    expect(await stage.value('SELECT note FROM jobs WHERE id = 7')).toBe('by the application');
  });
});
