/* global afterAll, expect */
import { writeFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { join, relative } from 'node:path';
import { HITS } from './probes.mjs';

/** Keeps the functions that a spec has run: one file a spec, in the folder `MUTATION_PROBES`. */
afterAll(() => {
  const { testPath } = expect.getState();
  const hits = [.../** @type {any} */ (globalThis)[HITS]].sort();
  const record = { spec: relative(process.cwd(), String(testPath)), hits };
  writeFileSync(join(String(process.env['MUTATION_PROBES']), `${randomUUID()}.json`), JSON.stringify(record));
});
