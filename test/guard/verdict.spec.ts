import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { checkFiles, type DirectionReport } from '../../libs/guard/src/index.ts';
import { ABSENT_VALUES } from './fixtures/code/absent-values.fixtures.ts';
import { CLASSES } from './fixtures/code/classes.fixtures.ts';
import { CONTROL_FLOW } from './fixtures/code/control-flow.fixtures.ts';
import { EXPORTED_MIGRATIONS } from './fixtures/code/exported-migrations.fixtures.ts';
import { EARLY_EXITS } from './fixtures/code/early-exits.fixtures.ts';
import { FUNCTIONS } from './fixtures/code/functions.fixtures.ts';
import { HABITS } from './fixtures/code/habits.fixtures.ts';
import { LANGUAGE_FEATURES } from './fixtures/code/language-features.fixtures.ts';
import { LATE_BINDING } from './fixtures/code/late-binding.fixtures.ts';
import { LATE_SERVICES } from './fixtures/code/late-services.fixtures.ts';
import { LOADED_CODE } from './fixtures/loaded-code.fixtures.ts';
import { MIGRATION_FORMS } from './fixtures/code/migration-forms.fixtures.ts';
import { REPLACED_METHODS } from './fixtures/code/replaced-methods.fixtures.ts';
import { UNDECIDED } from './fixtures/code/undecided.fixtures.ts';
import { UNREAD_CODE } from './fixtures/code/unread-code.fixtures.ts';
import { UNMODELLED } from './fixtures/code/unmodelled.fixtures.ts';
import { VALUES } from './fixtures/code/values.fixtures.ts';
import { DRIVERS } from './fixtures/drivers.fixtures.ts';
import type { Fixture } from './fixtures/fixture.types.ts';
import { IMPORTS } from './fixtures/imports.fixtures.ts';
import { ORM_SEVERITY } from './fixtures/orm-severity.fixtures.ts';
import { ORM } from './fixtures/orm.fixtures.ts';
import { OUTSIDE } from './fixtures/outside.fixtures.ts';
import { PLPGSQL } from './fixtures/sql/plpgsql.fixtures.ts';
import { SQL_FILES } from './fixtures/sql/sql-files.fixtures.ts';
import { STORED_CODE } from './fixtures/sql/stored-code.fixtures.ts';
import { JOINS } from './fixtures/sql/joins.fixtures.ts';
import { STATEMENTS } from './fixtures/sql/statements.fixtures.ts';
import { TYPED_HANDLES } from './fixtures/typed-handles.fixtures.ts';
import { TYPEORM_GLOBALS } from './fixtures/typeorm-globals.fixtures.ts';
import { findingLines } from './recorded/finding-lines.ts';
import { Recorded } from './recorded/recorded.ts';

/** `WRITE_RECORDED=1` writes the file anew: review the difference. */
const recorded = new Recorded('findings.txt');
afterAll(() => recorded.end());

const RANK = { LOW: 0, MEDIUM: 1, HIGH: 2 } as const;

describe.each([
  ['SQL statements', STATEMENTS],
  ['joins and lists of rows', JOINS],
  ['PL/pgSQL', PLPGSQL],
  ['SQL files', SQL_FILES],
  ['stored code and temporary tables', STORED_CODE],
  ['the forms of a migration', MIGRATION_FORMS],
  ['migrations that a file exports', EXPORTED_MIGRATIONS],
  ['functions', FUNCTIONS],
  ['classes', CLASSES],
  ['values', VALUES],
  ['control flow', CONTROL_FLOW],
  ['values that may be absent', ABSENT_VALUES],
  ['early exits', EARLY_EXITS],
  ['common code', HABITS],
  ['unknown SQL', UNDECIDED],
  ['values that are set late', LATE_BINDING],
  ['calls of services that are set late', LATE_SERVICES],
  ['code that runs when a file is loaded', LOADED_CODE],
  ['code without a model', UNMODELLED],
  ['code that cannot be read', UNREAD_CODE],
  ['features of the language', LANGUAGE_FEATURES],
  ['methods that are replaced', REPLACED_METHODS],
  ['TypeORM', ORM],
  ['the severity of writes through TypeORM', ORM_SEVERITY],
  ['the global functions of TypeORM 0.2', TYPEORM_GLOBALS],
  ['handles of TypeORM by their type', TYPED_HANDLES],
  ['imports', IMPORTS],
  ['code for several databases', DRIVERS],
  ['code outside the migration', OUTSIDE],
])('the guard on %s', (subject, fixtures: readonly Fixture[]) => {
  let root: string;

  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'guard-'));
  });

  afterAll(() => {
    rmSync(root, { recursive: true, force: true });
  });

  async function check({
    title,
    code,
    otherFiles = {},
    file = '1757000000000-example.ts',
  }: Fixture): Promise<readonly DirectionReport[]> {
    const folder = join(root, title.replace(/\W+/g, '-'));
    for (const [path, text] of Object.entries({ ...otherFiles, [file]: code })) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const report = await checkFiles({ paths: [join(folder, file)] });
    expect(report.problems).toEqual([]);
    return report.migrations.flatMap((migration) => migration.directions);
  }

  it.each(fixtures.map((fixture) => [fixture.title, fixture] as const))('%s', async (_title, fixture) => {
    const reports = await check(fixture);
    const findings = reports.flatMap((report) => report.findings);
    expect({
      up: worstVerdict(reports, 'up'),
      down: worstVerdict(reports, 'down'),
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
    // The places, the texts and the reasons of its findings.
    recorded.expect(`${subject}: ${fixture.title}`, findingLines(findings, root));
  });
});

/** The worst verdict of all migrations in the file, in one direction. */
function worstVerdict(reports: readonly DirectionReport[], direction: 'up' | 'down'): string {
  const verdicts = reports.filter((report) => report.direction === direction).map(({ verdict }) => verdict);
  return (['violation', 'cannot-decide'] as const).find((verdict) => verdicts.includes(verdict)) ?? 'clean';
}
