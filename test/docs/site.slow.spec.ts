import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const PROJECT = join(import.meta.dirname, '../..');

describe('the site of the pages', () => {
  it('builds without a dead link, with a search', async () => {
    const script = join(PROJECT, 'scripts/build-site.mjs');
    const { NODE_OPTIONS: _, NODE_ENV: _env, ...env } = process.env;
    await promisify(execFile)(process.execPath, [script, '--without-api'], { cwd: PROJECT, env });
    const site = join(PROJECT, '.data/site/dist');
    expect(readFileSync(join(site, 'index.html'), 'utf8')).toContain('proved complete');
    for (const page of ['recipes/index.html', 'guard/rules/index.html', 'llms.txt', 'how-it-works.html'])
      expect([page, existsSync(join(site, page))]).toEqual([page, true]);
  });
});
