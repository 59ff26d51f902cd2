import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { claimFolder } from '../../scripts/demo/folder-claim.mjs';
import { loadSampleData } from '../../scripts/demo/sample-data.mjs';
import { createCrm } from '../support/tables/crm.ts';
import { TestDatabase } from '../support/server/database.ts';

const SCRIPT = fileURLToPath(new URL('../../scripts/demo.mjs', import.meta.url));
const BUILT = new URL('../../dist/main.js', import.meta.url);

describe('the demo', () => {
  const databases: TestDatabase[] = [];

  afterAll(async () => {
    for (const database of databases) await database.drop();
  });

  it.each([
    [['--leads', 'many'], '--leads takes a whole number from 1 to 100,000,000, not "many".'],
    [['--leads', '0'], '--leads takes a whole number from 1 to 100,000,000, not "0".'],
    [['--laeds', '5'], "Unknown option '--laeds'"],
    [['--stop', '--fresh'], '--stop takes no other option.'],
  ])('refuses %j with an explanation and exit code 2', (parameters, message) => {
    const { status, stderr, stdout } = demo(parameters);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(message);
  });

  it('refuses to start beside another demo and names its process, but ignores the claim of a killed demo', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'demo-'));
    const file = join(folder, 'demo.pid');
    await writeFile(file, String(process.ppid));
    expect(() => claimFolder(folder)).toThrow(`(process ${process.ppid})`);
    const { pid } = spawnSync(process.execPath, ['--version']);
    await writeFile(file, String(pid));
    claimFolder(folder);
    claimFolder(folder);
    expect(await readFile(file, 'utf8')).toBe(String(process.pid));
    await rm(folder, { recursive: true });
  });

  it('drops no database except its own', async () => {
    const database = await emptyDatabase();
    expect(demo(['--fresh'], database)).toMatchObject({ status: 2 });
  });

  it('loads the same rows each time, for tenants of very different sizes', async () => {
    const [first, second] = [await crm(), await crm()];
    for (const { url } of [first, second]) await loadSampleData(url, 2_000);
    expect(await fingerprint(first)).toEqual(await fingerprint(second));
    const [row] = await first.query<Record<string, number>>(`
      SELECT
        (SELECT count(*)::int FROM tenants) AS tenants,
        (SELECT count(*)::int FROM leads) AS leads,
        (SELECT count(*)::int FROM call_logs) AS calls,
        (SELECT count(*)::int FROM leads l WHERE NOT EXISTS (SELECT FROM call_logs c WHERE c.lead_id = l.id)) AS uncalled,
        (SELECT max(size)::int FROM (SELECT count(*) AS size FROM leads GROUP BY tenant_id) s) AS largest`);
    expect(row).toMatchObject({ tenants: 50, leads: 2_000, calls: 6_000 });
    expect(row?.['uncalled']).toBeGreaterThan(200);
    expect(row?.['largest']).toBeGreaterThan(300);
  });

  it('refuses to load a different number of leads into a loaded database', async () => {
    const { url } = await crm();
    await loadSampleData(url, 100);
    expect(await loadSampleData(url, undefined)).toMatchObject({ loaded: false, leads: 100 });
    await expect(loadSampleData(url, 200)).rejects.toThrow('The database already holds 100 leads, not 200.');
  });

  it('completes and proves every backfill, and finds nothing to do the second time', async () => {
    expect(existsSync(BUILT)).toBe(true); // `npm run build` creates the file
    const database = await emptyDatabase();
    const first = demo(['--leads', '1000'], database);
    expect(first.status === 0 ? '' : first.stdout + first.stderr).toBe('');
    expect(first.stdout).toContain('1,000 leads of 50 tenants, 3,000 call logs, loaded');
    expect(first.stdout).toMatch(
      /RequireLastCallDirection\d+: deferred, waits for the backfill leads-last-call-direction/,
    );
    expect(first.stdout).toMatch(/The next deployment: .*RequireLastCallDirection\d+: done/s);
    expect(first.stdout).toContain('Every row is done and correct.');
    const second = demo([], database);
    expect(second.status === 0 ? '' : second.stdout + second.stderr).toBe('');
    expect(second.stdout).toContain('Deployed: there was nothing to do.');
  }, 600_000);

  async function emptyDatabase(): Promise<TestDatabase> {
    const database = await TestDatabase.create();
    databases.push(database);
    return database;
  }

  async function crm(): Promise<TestDatabase> {
    const database = await emptyDatabase();
    await createCrm(database);
    return database;
  }
});

/** @param database where the demo runs; by default its own embedded server */
function demo(parameters: readonly string[], database?: TestDatabase) {
  const env = { ...process.env, NODE_OPTIONS: '', DATABASE_URL: database?.url ?? '' };
  return spawnSync(process.execPath, [SCRIPT, ...parameters], { env, encoding: 'utf8' });
}

async function fingerprint(database: TestDatabase): Promise<unknown> {
  return database.query(`
    SELECT
      (SELECT md5(string_agg(leads::text, ',' ORDER BY id)) FROM leads) AS leads,
      (SELECT md5(string_agg(call_logs::text, ',' ORDER BY id)) FROM call_logs) AS calls`);
}
