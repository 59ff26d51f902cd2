// Writes docs/guard/rules from the explanations in the guard's reports: `npm run docs:guard`.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rulePages } from 'nestjs-backfill-guard';

const folder = join(import.meta.dirname, '..', 'docs', 'guard', 'rules');
mkdirSync(folder, { recursive: true });
for (const [name, text] of rulePages()) writeFileSync(join(folder, name), text);
