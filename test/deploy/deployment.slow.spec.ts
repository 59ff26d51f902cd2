import { freePort } from '../../scripts/lib/embedded-server.mjs';
import { loadSampleData } from '../../scripts/demo/sample-data.mjs';
import { CreateCrm1751328000000 } from '../../src/migrations/1751328000000-create-crm.ts';
import { AddEmailVerified1752624000000 } from '../../src/migrations/1752624000000-add-email-verified.ts';
import { createCrmOf } from '../support/crm.ts';
import { TestDatabase } from '../support/database.ts';
import { FixtureApp, type Ended } from '../support/fixture-app.ts';
import { LockHolder } from '../support/lock-holder.ts';
import { until } from '../support/until.ts';

const LEADS = 1_000;
const HELD = [1, 2, 3];
const LAST_RELEASE = [CreateCrm1751328000000, AddEmailVerified1752624000000];

/** What a deployment says of itself with `--json`, as far as it is looked at here. */
interface Said {
  readonly outcome: string;
  readonly left: readonly { readonly phase: string; readonly name: string | null; readonly why: string }[];
  readonly migrate: {
    readonly outcome: string;
    readonly dataSources: readonly [
      { readonly ran: readonly { readonly name: string }[]; readonly pending: readonly string[] },
    ];
  };
}

/** As `npm run build` has made it. */
const app = new FixtureApp();

describe('a deployment of the example application', () => {
  let database: TestDatabase;
  let env: NodeJS.ProcessEnv;

  /** The last release: its schema, and rows from before the column. */
  beforeAll(async () => {
    database = await TestDatabase.create();
    env = { DATABASE_URL: database.url };
    await createCrmOf(database, LAST_RELEASE);
    await loadSampleData(database.url, LEADS);
  });

  afterAll(async () => {
    await database?.drop();
  });

  it('goes through while somebody holds leads, starts the api, and the next one completes it', async () => {
    // Holds the deployment between its indexes and its backfill of leads, so that leads can be locked there.
    const gate = await LockHolder.hold(database, 'LOCK TABLE call_logs IN ACCESS EXCLUSIVE MODE');
    const first = app.node(['--deploy', '--json', '--max-duration', '8s'], env);
    await Promise.race([first.ended, until(() => gate.isWaitedFor(database))]);
    const leads = `SELECT FROM leads WHERE id IN (${HELD.join(', ')}) FOR UPDATE`;
    const user = await LockHolder.hold(database, leads, 'a user');
    await gate.release();

    const incomplete = said(await first.ended);
    expect(incomplete).toMatchObject({
      outcome: 'incomplete',
      migrate: { outcome: 'deferred' },
      indexes: { outcome: 'done' },
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
    expect(await undone()).toEqual(expect.arrayContaining(HELD.map(String)));

    await expectApiToStart();
    await user.release();

    const complete = said(await app.node(['--deploy', '--json'], env).ended);
    expect(complete).toMatchObject({
      outcome: 'complete',
      left: [],
      migrate: { outcome: 'done', dataSources: [{ pending: [] }] },
      backfill: { outcome: 'complete' },
    });
    expect(await undone()).toEqual([]);
    await expect(database.query(`UPDATE leads SET last_call_direction = NULL`)).rejects.toThrow('not-null');

    const nothing = said(await app.node(['--deploy', '--json'], env).ended);
    expect(nothing).toMatchObject({ outcome: 'nothing-to-do', left: [] });
  }, 240_000);

  async function undone(): Promise<string[]> {
    const rows = await database.query<{ id: string }>(
      'SELECT id FROM leads WHERE last_call_direction IS NULL ORDER BY id',
    );
    return rows.map(({ id }) => id);
  }

  async function expectApiToStart(): Promise<void> {
    const port = await freePort();
    const api = app.node([], { ...env, PORT: String(port) });
    await api.printed('Nest application successfully started');
    // Nest says so just before it listens.
    await until(
      async () =>
        (await fetch(`http://127.0.0.1:${port}/tenants/1/leads?name=a`).catch(() => null))?.status === 200,
    );
    api.child.kill('SIGTERM');
    await api.ended;
  }
});

describe('a deployment whose migrations do not come to their end', () => {
  it('exits 1 when it is told to stop, and leaves nothing of the migration in hand', async () => {
    const database = await TestDatabase.create();
    try {
      await createCrmOf(database, LAST_RELEASE);
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
    } finally {
      await database.drop();
    }
  });

  it('runs the migration from before the wall as it is, on a new database, and warns of it', async () => {
    const database = await TestDatabase.create();
    try {
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
    } finally {
      await database.drop();
    }
  });

  it('exits 1 when one fails, names it, and runs nothing after it', async () => {
    const database = await TestDatabase.create();
    try {
      // Made by hand, and the first migration makes it too.
      await database.query('CREATE TABLE tenants (id int PRIMARY KEY)');
      const { code, stdout } = await app.node(['--deploy', '--json'], { DATABASE_URL: database.url }).ended;
      expect(code).toBe(1);
      const report = JSON.parse(stdout) as Said;
      expect(report).toMatchObject({ outcome: 'failed', migrate: { outcome: 'failed' } });
      expect(Object.keys(report)).not.toEqual(expect.arrayContaining(['indexes']));
      expect(Object.keys(report)).not.toEqual(expect.arrayContaining(['backfill']));
      expect(report.left[0]).toMatchObject({ phase: 'migrate', name: 'CreateCrm1751328000000' });
      expect(report.left[0]?.why).toContain('relation "tenants" already exists');
      expect(await database.query(`SELECT to_regclass('leads') AS leads`)).toEqual([{ leads: null }]);
    } finally {
      await database.drop();
    }
  });
});

/** Of a deployment that lets the new version start. */
function said({ code, stdout, stderr }: Ended): Said {
  expect(code === 0 ? '' : `${code}\n${stdout}${stderr}`).toBe('');
  return JSON.parse(stdout) as Said;
}
