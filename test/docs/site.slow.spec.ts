import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

const PROJECT = join(import.meta.dirname, '../..');

/** One of each entry point. */
const PUBLIC = [
  'BackfillService',
  'BackfillObserver',
  'BackfillError',
  'BackfillReport',
  'BackfillRecords',
  'setNotNull',
  'rehearse',
  'BackfillDashboardModule',
  'expectSchemaOnly',
];

describe('the site of the pages', () => {
  it('builds without a dead link, with a search and the pages of the API', async () => {
    const script = join(PROJECT, 'scripts/build-site.mjs');
    const { NODE_OPTIONS: _, NODE_ENV: _env, ...env } = process.env;
    await promisify(execFile)(process.execPath, [script], { cwd: PROJECT, env });
    const site = join(PROJECT, '.data/site/dist');
    expect(readFileSync(join(site, 'index.html'), 'utf8')).toContain('proved complete');
    for (const page of ['recipes/index.html', 'guard/rules/index.html', 'llms.txt', 'how-it-works.html'])
      expect([page, existsSync(join(site, page))]).toEqual([page, true]);
    const described = readdirSync(join(site, 'api'), { recursive: true, encoding: 'utf8' });
    const names = new Set(described.map((path) => basename(path, '.html')));
    expect(PUBLIC.filter((name) => !names.has(name))).toEqual([]);
  });
});
