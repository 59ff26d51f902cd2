import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readmeCommands } from '../support/applications/readme.ts';

const PROJECT = join(import.meta.dirname, '../..');

describe('the README', () => {
  it('is read in a few minutes: under 900 words', () => {
    const words = readFileSync(join(PROJECT, 'README.md'), 'utf8').split(/\s+/);
    expect(words.length).toBeLessThan(900);
  });

  it('names only commands that exist in this repository, or that the other specs run', () => {
    const others = readmeCommands().filter((line) => !line.startsWith('npx nest start --backfill'));
    expect(others).toEqual([
      'npm ci && npm run demo',
      'npx nest add nestjs-backfill',
      'npx nest g -c nestjs-backfill backfill leads-search-name',
    ]);
  });
});
