import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SCHEMA_STEPS } from '../../libs/backfill/src/ledger/schema/steps.ts';
import { FixtureApp } from '../support/applications/fixture-app.ts';
import { earlierReleases, installPacked, packEarlier } from '../support/packages/earlier-release.ts';
import { INSTALL_LIMIT_MS, PackedLibraries } from '../support/packages/packed.ts';
import { until } from '../support/runs/until.ts';
import { TestDatabase } from '../support/server/database.ts';

const ROWS = 2_000;
const NEWEST = SCHEMA_STEPS.at(-1)?.number;
const PROGRAM = join(import.meta.dirname, '../fixtures/two-releases/main.mjs');

interface Report {
  readonly phase: string;
  readonly backfills: readonly { readonly name: string; readonly status: string; readonly updated: number }[];
}

const releases = await earlierReleases();
if (typeof releases === 'string') console.warn(`No earlier release is packed: ${releases}.`);

const describeEach =
  typeof releases === 'string'
    ? describe.skip.each([[0, '']])
    : describe.each(releases.map(({ step, commit }) => [step, commit] as const));

describeEach('beside the packed release whose ledger ends with step %d, this release', (step, commit) => {
  let folder: string;
  let database: TestDatabase;
  const app = (release: 'earlier' | 'this') => FixtureApp.at(join(folder, release), 'main.mjs');
  const start = (release: 'earlier' | 'this', ...line: readonly string[]) =>
    app(release).node([...line, '--json'], { DATABASE_URL: database.url });
  const command = async (release: 'earlier' | 'this', ...line: readonly string[]) => {
    const { code, stdout, stderr } = await start(release, ...line).ended;
    if (stdout === '') throw new Error(stderr);
    return { code, ...(JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Report) };
  };
  const statusOf = async (release: 'earlier' | 'this') =>
    (await command(release, '--backfill', '--status')).backfills.map(({ name, status, updated }) => ({
      name,
      status,
      updated,
    }));
  const changed = async () =>
    (await database.query<{ n: number }>('SELECT count(*)::int AS n FROM parcels WHERE hits > 0'))[0]?.n ?? 0;
  const newestStep = async () =>
    (await database.query<{ n: number }>('SELECT max(number) AS n FROM nestjs_backfill.installed_step'))[0]
      ?.n;
  /** Ends a run after some of its batches, as a deployment does. */
  const interrupted = async (release: 'earlier' | 'this') => {
    const running = start(release, '--backfill', 'hits');
    await until(async () => (await changed()) > 50);
    running.child.kill('SIGTERM');
    const { code, stderr } = await running.ended;
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(await changed()).toBeLessThan(ROWS);
  };
  const expectEachChangedOnce = async () => {
    expect(
      await database.query('SELECT hits, marks, count(*)::int AS rows FROM parcels GROUP BY 1, 2'),
    ).toEqual([{ hits: 1, marks: 1, rows: ROWS }]);
    for (const release of ['earlier', 'this'] as const)
      expect(await statusOf(release)).toEqual([
        { name: 'hits', status: 'complete', updated: ROWS },
        { name: 'marks', status: 'complete', updated: ROWS },
      ]);
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'backfill-releases-'));
    const earlier = await packEarlier({ commit, step });
    const current = await PackedLibraries.pack();
    await installPacked(join(folder, 'earlier'), earlier.tarballs);
    await installPacked(join(folder, 'this'), [current.packed.sql.tarball, current.packed.backfill.tarball]);
    for (const release of ['earlier', 'this']) await copyFile(PROGRAM, join(folder, release, 'main.mjs'));
    await earlier.remove();
    await current.remove();
  }, INSTALL_LIMIT_MS);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  beforeEach(async () => {
    database = await TestDatabase.create();
    await database.query(`CREATE TABLE parcels (id int PRIMARY KEY, hits int NOT NULL DEFAULT 0, marks int NOT NULL DEFAULT 0);
      INSERT INTO parcels SELECT generate_series(1, ${ROWS})`);
  });
  afterEach(() => database.drop());

  it('continues what the earlier one has begun, with its settings and decisions, and loses no record', async () => {
    await interrupted('earlier');
    const before = await changed();
    await command('earlier', '--set', 'hits', 'batchSize=25', '--why', 'at noon');
    await command('earlier', '--pause', 'marks', '--why', 'ask Ann');
    expect(await newestStep()).toBe(step);
    expect(await statusOf('this')).toEqual([
      { name: 'hits', status: 'incomplete', updated: before },
      { name: 'marks', status: 'paused', updated: 0 },
    ]);
    // A status changes nothing.
    expect(await newestStep()).toBe(step);
    const { backfills } = await command('this', '--backfill');
    expect(await newestStep()).toBe(NEWEST);
    expect(backfills).toMatchObject([
      { name: 'hits', status: 'complete', updated: ROWS - before },
      { name: 'marks', status: 'paused' },
    ]);
    expect((await command('this', '--backfill', 'hits', '--status')).backfills).toMatchObject([
      { settings: [{ setting: 'batchSize', value: '25' }] },
    ]);
    await command('this', '--resume', 'marks');
    await command('this', '--backfill');
    await expectEachChangedOnce();
  });

  it('can be rolled back: the earlier one reads, steers, continues and proves what this one has begun', async () => {
    await interrupted('this');
    const before = await changed();
    expect(await newestStep()).toBe(NEWEST);
    expect((await statusOf('earlier'))[0]).toEqual({ name: 'hits', status: 'incomplete', updated: before });
    await command('earlier', '--pause', 'hits', '--why', 'rolled back');
    expect((await command('earlier', '--backfill')).backfills[0]).toMatchObject({ status: 'paused' });
    await command('earlier', '--resume', 'hits');
    expect(await command('earlier', '--backfill', '--strict')).toMatchObject({
      code: 0,
      backfills: [
        { status: 'complete', updated: ROWS - before },
        { status: 'complete', updated: ROWS },
      ],
    });
    expect(await command('this', '--backfill', '--strict')).toMatchObject({
      code: 0,
      outcome: 'nothing-to-do',
    });
    await expectEachChangedOnce();
  });

  it('upgrades the ledger and joins while the earlier one is running, and each row is changed once', async () => {
    const earlier = start('earlier', '--backfill');
    await until(async () => (await changed()) > 50);
    const current = start('this', '--backfill');
    const ended = await Promise.all([earlier.ended, current.ended]);
    for (const { code, stderr } of ended) expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(await newestStep()).toBe(NEWEST);
    const reports = ended.map(({ stdout }) => JSON.parse(stdout) as Report);
    const updated = reports.map(({ backfills }) => backfills[0]?.updated ?? 0);
    expect(Math.min(...updated)).toBeGreaterThan(0);
    expect(await command('this', '--backfill', '--strict')).toMatchObject({ code: 0 });
    await expectEachChangedOnce();
  });
});
