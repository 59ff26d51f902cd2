import { readFileSync } from 'node:fs';
import { CONDITIONS } from '../../libs/backfill/src/postgres/server/conditions.ts';

const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8').replace(/\s+/g, ' ');

describe('the page of errors', () => {
  it.each(CONDITIONS)('says what to do when: $name', ({ name, codes = [], meaning, remedy }) => {
    const suffix = codes.length > 0 ? ` (${codes.join(', ')})` : '';
    expect(page).toContain(`## ${name}${suffix} ${meaning} ${remedy}`.replace(/\s+/g, ' '));
  });
});
