import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadClassifier } from 'nestjs-backfill-sql';
import { ALLOWED } from '../../migrations/guard/allowed-statements.fixtures.ts';
import { REFUSED } from '../../migrations/guard/refused-statements.fixtures.ts';
import { DANGEROUS, OUTSIDE_TRANSACTION } from '../locks/dangerous-statements.fixtures.ts';
import { HARMLESS } from '../locks/harmless-statements.fixtures.ts';
import { REVIEWED_DANGEROUS } from '../locks/reviewed-dangerous.fixtures.ts';
import { REVIEWED_HARMLESS } from '../locks/reviewed-harmless.fixtures.ts';
import { describeText } from './description.ts';
import { MORE_HISTORIES } from './more.fixtures.ts';
import { MORE_TEXTS } from './more-statements.fixtures.ts';
import { MORE_STATEMENTS } from './statements.fixtures.ts';

const FILE = fileURLToPath(new URL('statements.txt', import.meta.url));

/** Each statement of the labelled lists once. */
const STATEMENTS = [
  ...new Set([
    ...REFUSED.map(([sql]) => sql),
    ...ALLOWED.map(([sql]) => sql),
    ...[...DANGEROUS, ...OUTSIDE_TRANSACTION].map(([, sql]) => sql),
    ...HARMLESS,
    ...[...REVIEWED_DANGEROUS, ...REVIEWED_HARMLESS].map(([, sql]) => sql),
    ...MORE_STATEMENTS,
    ...MORE_TEXTS,
    ...MORE_HISTORIES,
  ]),
].filter((sql) => sql.trim() !== '');

describe('what the library knows about each statement stays as in statements.txt', () => {
  let described: string;
  beforeAll(async () => {
    const classifier = await loadClassifier();
    described = `${STATEMENTS.map((sql) => describeText(classifier, sql)).join('\n\n')}\n`;
    // `WRITE_STATEMENTS=1` writes the file anew: review the difference.
    if (process.env['WRITE_STATEMENTS']) writeFileSync(FILE, described);
  });

  it('its effect, its changes of rows, its unknowns, its locks and its dangers', () => {
    expect(described.split('\n\n')).toEqual(readFileSync(FILE, 'utf8').split('\n\n'));
  });

  it('of more than 500 statements', () => expect(STATEMENTS.length).toBeGreaterThan(500));
});
