import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import { installLedger } from '../../libs/backfill/src/ledger/ledger.installer.ts';
import { SCHEMA_STEPS } from '../../libs/backfill/src/ledger/schema/steps.ts';
import { Session } from '../../libs/backfill/src/postgres/session.ts';
import { TestApplication } from '../support/applications/application.ts';
import { TestDatabase } from '../support/server/database.ts';
import { LockHolder } from '../support/server/lock-holder.ts';
import { until } from '../support/runs/until.ts';
import {
  addJobs,
  DoJobs,
  Job,
  JobLog,
  JobsProcess,
  jobsStage,
  NoteJobs,
  resetJobs,
} from '../support/applications/jobs.ts';

/** The number of steps, each of which is installed once. */
const STEPS = String(SCHEMA_STEPS.length);
/** The number of the last step. */
const NEWEST = SCHEMA_STEPS.at(-1)?.number ?? NaN;

describe('the ledger', () => {
  const stage = jobsStage(10);
  beforeEach(() => resetJobs(stage.database, 10));

  it('is installed once if several processes start on a new database at the same time', async () => {
    const schema = 'of many';
    const module = { schema, defaults: { pause: 0 } };
    const ended = await Promise.all(
      Array.from({ length: 4 }, () => JobsProcess.run(stage.database, ['do-jobs', '--json'], module).ended),
    );
    const outcomes = ended.map(({ stdout }) => (JSON.parse(stdout) as { outcome: string }).outcome);
    // One process takes the range and does the work. The others find it leased or done.
    expect(outcomes).not.toContain('failed');
    expect(await stage.query(`SELECT number FROM "${schema}".installed_step ORDER BY number`)).toEqual(
      SCHEMA_STEPS.map(({ number }) => ({ number })),
    );
    expect(await stage.value('SELECT count(*) FROM job_log')).toBe('10');
  });

  it('is installed once if several runs of one process start on a new database at the same time', async () => {
    await stage.query('DROP SCHEMA IF EXISTS nestjs_backfill CASCADE');
    const reports = await Promise.all(
      ['do-jobs', 'note-jobs', 'do-jobs', 'note-jobs'].map((name) => stage.run(name)),
    );
    expect(reports.map(({ status }) => status)).not.toContain('failed');
    expect(await stage.value('SELECT count(*) FROM nestjs_backfill.installed_step')).toBe(STEPS);
    expect(await stage.value('SELECT count(*) FROM job_log')).toBe('10');
  });

  it('is installed once if several runs wait for another installation', async () => {
    await stage.query('DROP SCHEMA IF EXISTS nestjs_backfill CASCADE');
    const holder = await LockHolder.hold(
      stage.database,
      `SELECT pg_advisory_xact_lock(hashtext('nestjs-backfill ledger nestjs_backfill'))`,
    );
    const runs = ['do-jobs', 'note-jobs', 'do-jobs'].map((name) => stage.run(name));
    await until(
      async () =>
        (await stage.value(`SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory'
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`)) === '3',
    );
    await holder.release();
    expect((await Promise.all(runs)).map(({ status }) => status)).not.toContain('failed');
    expect(await stage.value('SELECT count(*) FROM nestjs_backfill.installed_step')).toBe(STEPS);
  });

  it('is upgraded by the missing steps, each once and completely, and keeps its rows', async () => {
    await stage.run('do-jobs');
    const first = SCHEMA_STEPS;
    const newest = NEWEST;
    const upgrade = [
      ...first,
      {
        number: newest + 1,
        sql: `ALTER TABLE {{schema}}.backfill ADD COLUMN second text NOT NULL DEFAULT 'kept';\n`,
      },
    ];
    const broken = [
      ...upgrade,
      {
        number: newest + 2,
        sql: 'ALTER TABLE {{schema}}.backfill DROP COLUMN sealed_at;\nALTER TABLE {{schema}}.nowhere ADD COLUMN x int;\n',
      },
    ];
    const install = async (steps: typeof first) => {
      const session = await Session.open(stage.application.context.get(DataSource));
      try {
        await installLedger(session, 'nestjs_backfill', steps);
      } finally {
        await session.close();
      }
    };
    await Promise.all([install(upgrade), install(upgrade), install(upgrade)]);
    await expect(install(broken)).rejects.toThrow('nowhere');
    await expect(install(first)).rejects.toThrow(
      `at schema step ${newest + 1}, but this version of nestjs-backfill supports only steps up to ${newest}`,
    );
    expect(
      await stage.query(`SELECT b.name, b.second, b.sealed_at IS NULL AS "hasSeal", array_agg(s.number ORDER BY s.number) AS steps
        FROM nestjs_backfill.backfill AS b, nestjs_backfill.installed_step AS s GROUP BY 1, 2, 3`),
    ).toEqual([
      { name: 'do-jobs', second: 'kept', hasSeal: true, steps: upgrade.map(({ number }) => number) },
    ]);
    await stage.query('DROP SCHEMA nestjs_backfill CASCADE');
  });

  it('is refused and not changed if its version is newer', async () => {
    await stage.run('do-jobs');
    await stage.query('INSERT INTO nestjs_backfill.installed_step (number) VALUES (999)');
    const report = await stage.run('note-jobs');
    await stage.query('DELETE FROM nestjs_backfill.installed_step WHERE number = 999');
    expect(report).toMatchObject({ status: 'failed', updated: 0 });
    expect(report.reason).toContain(
      `is at schema step 999, but this version of nestjs-backfill supports only steps up to ${NEWEST}`,
    );
    expect(report.reason).toContain('Install the version of nestjs-backfill that upgraded it');
    expect(await stage.value('SELECT count(*) FROM jobs WHERE note IS NOT NULL')).toBe('0');
  });

  it('can be used by an earlier release if its newer steps are additive', async () => {
    await stage.run('do-jobs');
    const later = {
      number: NEWEST + 1,
      sql: 'ALTER TABLE {{schema}}.backfill ADD COLUMN later text;\n',
      additive: true,
    };
    const session = await Session.open(stage.application.context.get(DataSource));
    try {
      await installLedger(session, 'nestjs_backfill', [...SCHEMA_STEPS, later]);
    } finally {
      await session.close();
    }
    expect(await stage.run('note-jobs')).toMatchObject({ status: 'complete', updated: 10 });
    await stage.query('DROP SCHEMA nestjs_backfill CASCADE');
  });

  it('is installed in a schema whose name needs quotes', async () => {
    const application = await TestApplication.start({
      database: stage.database,
      entities: [Job, JobLog],
      backfills: [DoJobs],
      module: { schema: `The "Ledger" of $& '; --`, defaults: { pause: 0 } },
    });
    expect(await application.service.run()).toMatchObject({ outcome: 'complete' });
    expect(await application.service.status()).toMatchObject({ backfills: [{ status: 'complete' }] });
    await application.stop();
    expect(await stage.value(`SELECT count(*) FROM "The ""Ledger"" of $& '; --".backfill`)).toBe('1');
  });
});

describe('a role without the privilege to create schemas', () => {
  const role = `runner_${randomUUID().replaceAll('-', '')}`;
  let database: TestDatabase;
  let application: TestApplication;

  beforeAll(async () => {
    database = await TestDatabase.create();
    await database.query(`CREATE ROLE ${role} LOGIN PASSWORD 'secret'`);
    await database.query(`GRANT CREATE, USAGE ON SCHEMA public TO ${role}`);
    const url = new URL(database.url);
    url.username = role;
    url.password = 'secret';
    application = await TestApplication.start({
      database: { ...database, url: url.href } as TestDatabase,
      entities: [Job, JobLog],
      backfills: [DoJobs, NoteJobs],
    });
    await addJobs(database, 10);
  });
  afterAll(async () => {
    await application.stop();
    await database.drop();
    const admin = await TestDatabase.create();
    await admin.query(`DROP ROLE ${role}`);
    await admin.drop();
  });

  it('gets a report that names the missing privilege', async () => {
    const { outcome, backfills } = await application.service.run({ names: ['do-jobs'] });
    expect(outcome).toBe('failed');
    expect(backfills[0]?.reason).toMatch(/permission denied for database/);
  });

  it('runs backfills in a schema that an administrator has created for it', async () => {
    await database.query(`CREATE SCHEMA nestjs_backfill AUTHORIZATION ${role}`);
    expect(await application.service.run()).toMatchObject({ outcome: 'complete' });
  });
});
