import { freePort } from '../../scripts/lib/embedded-server.mjs';
import { loadSampleData } from '../../scripts/demo/sample-data.mjs';
import { CreateCrm1751328000000 } from '../../src/migrations/1751328000000-create-crm.ts';
import { AddEmailVerified1752624000000 } from '../../src/migrations/1752624000000-add-email-verified.ts';
import { migrateCrm } from '../support/tables/crm.ts';
import { TestDatabase } from '../support/server/database.ts';
import { FixtureApp, type ProcessResult } from '../support/applications/fixture-app.ts';
import { LockHolder } from '../support/server/lock-holder.ts';
import { until } from '../support/runs/until.ts';

const LEADS = 1_000;
/** The keys of the leads that another session locks. */
const LOCKED_LEADS = [1, 2, 3];
/** The migrations of the previous release. */
const PREVIOUS_RELEASE = [CreateCrm1751328000000, AddEmailVerified1752624000000];

/** The part of a deployment's JSON object that the tests read. */
interface JsonReport {
  readonly outcome: string;
  readonly left: readonly { readonly phase: string; readonly name: string | null; readonly why: string }[];
  readonly migrate: {
    readonly outcome: string;
    readonly dataSources: readonly [
      { readonly ran: readonly { readonly name: string }[]; readonly pending: readonly string[] },
    ];
  };
}

/** Built by `npm run build`. */
const app = new FixtureApp();

describe('a deployment of the example application', () => {
  let database: TestDatabase;
  let env: NodeJS.ProcessEnv;

  /** Installs the schema of the previous release, and inserts rows that lack the new column. */
  beforeAll(async () => {
    database = await TestDatabase.create();
    env = { DATABASE_URL: database.url };
    await migrateCrm(database, PREVIOUS_RELEASE);
    await loadSampleData(database.url, LEADS);
  });

  afterAll(async () => {
    await database?.drop();
  });

  it('succeeds while a user locks leads and lets the API start; the next deployment completes it', async () => {
    // Stops the deployment after its indexes phase, so that the leads can be locked before their backfill.
    const gate = await LockHolder.hold(database, 'LOCK TABLE call_logs IN ACCESS EXCLUSIVE MODE');
    const first = app.node(['--deploy', '--json', '--max-duration', '20s'], env);
    await Promise.race([first.ended, until(() => gate.isWaitedFor(database))]);
    const leads = `SELECT FROM leads WHERE id IN (${LOCKED_LEADS.join(', ')}) FOR UPDATE`;
    const user = await LockHolder.hold(database, leads, 'a user');
    await gate.release();

    const incomplete = reportOf(await first.ended);
    expect(incomplete).toMatchObject({
      outcome: 'incomplete',
      migrate: { outcome: 'deferred' },
      indexes: { outcome: 'nothing-to-do', dataSources: [{ indexes: [{ status: 'waiting' }] }] },
      backfill: { outcome: 'incomplete' },
    });
    const [{ ran, pending }] = incomplete.migrate.dataSources;
    expect(ran.map(({ name }) => name)).toEqual([
      'AddLastCallDirection1754006400000',
      'AddSearchName1756684800000',
    ]);
    expect(pending).toEqual(['RequireLastCallDirection1759276800000']);
    const left = incomplete.left.map(({ phase, name }) => `${phase} ${name}`);
    expect(left).toContain('migrate RequireLastCallDirection1759276800000');
    expect(left).toContain('backfill leads-last-call-direction');
    expect(await pendingLeads()).toEqual(expect.arrayContaining(LOCKED_LEADS.map(String)));

    await expectApiToStart();
    await user.release();

    const complete = reportOf(await app.node(['--deploy', '--json'], env).ended);
    expect(complete).toMatchObject({
      outcome: 'complete',
      left: [],
      migrate: { outcome: 'done', dataSources: [{ pending: [] }] },
      indexes: { outcome: 'done', dataSources: [{ indexes: [{ status: 'built' }] }] },
      backfill: { outcome: 'complete' },
    });
    expect(await pendingLeads()).toEqual([]);
    await expect(database.query(`UPDATE leads SET last_call_direction = NULL`)).rejects.toThrow('not-null');

    const repeated = reportOf(await app.node(['--deploy', '--json'], env).ended);
    expect(repeated).toMatchObject({ outcome: 'nothing-to-do', left: [] });
  });

  async function pendingLeads(): Promise<string[]> {
    const rows = await database.query<{ id: string }>(
      'SELECT id FROM leads WHERE last_call_direction IS NULL ORDER BY id',
    );
    return rows.map(({ id }) => id);
  }

  async function expectApiToStart(): Promise<void> {
    const port = await freePort();
    const api = app.node([], { ...env, PORT: String(port) });
    await api.printed('Nest application successfully started');
    // Nest prints this shortly before it listens.
    await until(
      async () =>
        (await fetch(`http://127.0.0.1:${port}/tenants/1/leads?name=a`).catch(() => null))?.status === 200,
    );
    api.child.kill('SIGTERM');
    await api.ended;
  }
});

describe('the migrations of a deployment', () => {
  let database: TestDatabase;

  beforeEach(async () => {
    database = await TestDatabase.create();
  });

  afterEach(async () => {
    await database?.drop();
  });

  it('exit with 1 and roll back the current migration when a signal stops them', async () => {
    await migrateCrm(database, PREVIOUS_RELEASE);
    const user = await LockHolder.hold(database, 'LOCK TABLE leads IN ACCESS SHARE MODE', 'a user');
    const deployment = app.node(['--deploy', '--json'], { DATABASE_URL: database.url });
    await Promise.race([deployment.ended, until(() => user.isWaitedFor(database))]);
    deployment.child.kill('SIGTERM');
    const { code, stdout } = await deployment.ended;
    await user.release();
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'failed', migrate: { outcome: 'failed' } });
    const columns = await database.query(
      `SELECT FROM information_schema.columns WHERE table_name = 'leads' AND column_name = 'last_call_direction'`,
    );
    expect(columns).toEqual([]);
  });

  it('run a grandfathered migration without the guard on a new database, and warn about it', async () => {
    const { code, stdout, stderr } = await app.node(['--migrate', '--json'], { DATABASE_URL: database.url })
      .ended;
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringContaining(
        `1 grandfathered migration runs without the guard: ${AddEmailVerified1752624000000.name}`,
      ) as string,
    });
    expect(JSON.parse(stdout)).toMatchObject({
      dataSources: [{ grandfathered: [AddEmailVerified1752624000000.name] }],
    });
  });

  it('exit with 1 when one of them fails, name it, and run nothing after it', async () => {
    // The first migration creates this table as well.
    await database.query('CREATE TABLE tenants (id int PRIMARY KEY)');
    const { code, stdout } = await app.node(['--deploy', '--json'], { DATABASE_URL: database.url }).ended;
    expect(code).toBe(1);
    const report = JSON.parse(stdout) as JsonReport;
    expect(report).toMatchObject({ outcome: 'failed', migrate: { outcome: 'failed' } });
    expect(Object.keys(report)).not.toEqual(expect.arrayContaining(['indexes']));
    expect(Object.keys(report)).not.toEqual(expect.arrayContaining(['backfill']));
    expect(report.left[0]).toMatchObject({ phase: 'migrate', name: 'CreateCrm1751328000000' });
    expect(report.left[0]?.why).toContain('relation "tenants" already exists');
    expect(await database.query(`SELECT to_regclass('leads') AS leads`)).toEqual([{ leads: null }]);
  });
});

/** The report of a deployment that lets the new version start. */
function reportOf({ code, stdout, stderr }: ProcessResult): JsonReport {
  expect(code === 0 ? '' : `${code}\n${stdout}${stderr}`).toBe('');
  return JSON.parse(stdout) as JsonReport;
}
