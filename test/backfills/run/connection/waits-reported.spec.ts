import { Job, JobLog, NoteJobs, resetJobs } from '../../../support/applications/jobs.ts';
import { TestApplication } from '../../../support/applications/application.ts';
import { TestDatabase } from '../../../support/server/database.ts';
import { ServerStage } from '../../../support/applications/server-stage.ts';
import { Recorder } from '../../../support/runs/recorder.ts';
import { until } from '../../../support/runs/until.ts';

const STANDBY = 'a synchronous standby to confirm a commit (SyncRep)';

describe('a server whose synchronous standby is dead', () => {
  const stage = ServerStage.for({
    entities: [Job, JobLog],
    backfills: [NoteJobs],
    module: { defaults: { synchronousCommit: 'on' } },
  });
  beforeAll(() => resetJobs(stage.database, 20));
  const setStandbys = (names: string) =>
    stage.database.session(async (client) => {
      await client.query('SET synchronous_commit = local');
      await client.query(`ALTER SYSTEM SET synchronous_standby_names = '${names}'`);
      await client.query('SELECT pg_reload_conf()');
    });

  it('holds a run, which says so in its log and its status, and continues', async () => {
    await setStandbys('nobody');
    const recorder = new Recorder();
    const run = stage.application.service.run({ names: ['note-jobs'], observer: recorder });
    await recorder.until(({ waits }) => waits.some(({ waitingFor }) => waitingFor.includes(STANDBY)));
    await until(async () => {
      const { backfills } = await stage.application.service.status();
      return backfills[0]?.waitingFor?.includes(STANDBY) ?? false;
    });
    await setStandbys('');
    expect(await run).toMatchObject({ outcome: 'complete' });
  });
});

describe('a rotated password', () => {
  it('does not end a run: the login is tried again for connectTimeoutMs', async () => {
    const owner = await TestDatabase.create();
    const database = await owner.asPlainRole();
    const { username, password } = new URL(database.url);
    const application = await TestApplication.start({
      database,
      entities: [Job, JobLog],
      backfills: [NoteJobs],
    });
    await resetJobs(owner, 20);
    await owner.query(`ALTER ROLE ${username} PASSWORD 'other'`);
    await owner.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1`, [
      username,
    ]);
    // A session that is still ending could carry out the whole run.
    await until(async () => {
      const left = await owner.query('SELECT FROM pg_stat_activity WHERE usename = $1', [username]);
      return left.length === 0;
    });
    const recorder = new Recorder();
    const run = application.service.run({ names: ['note-jobs'], observer: recorder });
    await recorder.until(({ notes }) =>
      notes.some((note) => note.includes('password authentication failed')),
    );
    await owner.query(`ALTER ROLE ${username} PASSWORD '${password}'`);
    expect(await run).toMatchObject({ outcome: 'complete' });
    await application.stop();
    await owner.drop();
  });
});
