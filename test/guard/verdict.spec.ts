import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { checkFiles, type MigrationReport } from '../../libs/guard/src/index.ts';
import { CODE } from './fixtures/code.fixtures.ts';
import { DRIVERS } from './fixtures/drivers.fixtures.ts';
import { EARLY_EXITS } from './fixtures/early-exits.fixtures.ts';
import type { Fixture } from './fixtures/fixture.types.ts';
import { HABITS } from './fixtures/habits.fixtures.ts';
import { IMPORTS } from './fixtures/imports.fixtures.ts';
import { ORM } from './fixtures/orm.fixtures.ts';
import { OUTSIDE } from './fixtures/outside.fixtures.ts';
import { PLPGSQL } from './fixtures/plpgsql.fixtures.ts';
import { SQL_FILES } from './fixtures/sql-files.fixtures.ts';
import { STATEMENTS } from './fixtures/statements.fixtures.ts';

const RANK = { LOW: 0, MEDIUM: 1, HIGH: 2 } as const;

describe.each([
  ['statements', STATEMENTS],
  ['PL/pgSQL', PLPGSQL],
  ['code', CODE],
  ['TypeORM', ORM],
  ['imports', IMPORTS],
  ['databases', DRIVERS],
  ['SQL files', SQL_FILES],
  ['early exits', EARLY_EXITS],
  ['what leaves the code', OUTSIDE],
  ['habits', HABITS],
])('the guard on %s', (_name, fixtures: readonly Fixture[]) => {
  let root: string;

  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'guard-'));
  });

  afterAll(() => {
    rmSync(root, { recursive: true, force: true });
  });

  async function check({
    code,
    beside = {},
    file = '1757000000000-example.ts',
    promise,
  }: Fixture): Promise<readonly MigrationReport[]> {
    const folder = join(root, promise.replace(/\W+/g, '-'));
    for (const [path, text] of Object.entries({ ...beside, [file]: code })) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const report = await checkFiles({ paths: [join(folder, file)] });
    expect(report.problems).toEqual([]);
    return report.migrations;
  }

  it.each(fixtures.map((fixture) => [fixture.promise, fixture] as const))('%s', async (_promise, fixture) => {
    const directions = (await check(fixture)).flatMap((migration) => migration.directions);
    const verdict = (direction: 'up' | 'down'): string => {
      const verdicts = directions.filter((item) => item.direction === direction).map((item) => item.verdict);
      return (
        verdicts.find((item) => item === 'violation') ??
        verdicts.find((item) => item === 'cannot-decide') ??
        'clean'
      );
    };
    const findings = directions.flatMap((item) => item.findings);

    expect({
      up: verdict('up'),
      down: verdict('down'),
      messages: findings.map(({ message }) => message),
    }).toMatchObject({
      up: fixture.up,
      down: fixture.down ?? 'clean',
    });
    if (fixture.rules) expect(findings.map(({ rule }) => rule).sort()).toEqual([...fixture.rules].sort());
    if (fixture.severity)
      expect(findings.map(({ severity }) => severity).sort((a, b) => RANK[b] - RANK[a])[0]).toBe(
        fixture.severity,
      );
  });
});
