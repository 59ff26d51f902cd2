import { existsSync } from 'node:fs';
import { LONG_SPECS } from '../long-specs.js';

it('each long spec exists, so that either `npm test` or `npm run test:long` runs it', () => {
  expect(LONG_SPECS.filter((path) => !existsSync(new URL(`../${path}`, import.meta.url)))).toEqual([]);
  expect(new Set(LONG_SPECS).size).toBe(LONG_SPECS.length);
});
