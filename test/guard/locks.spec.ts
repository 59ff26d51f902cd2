import { checkFiles, type Finding } from '../../libs/guard/src/index.ts';
import { DANGEROUS, OUTSIDE_TRANSACTION } from '../sql/locks/dangerous-statements.fixtures.ts';
import { HARMLESS } from '../sql/locks/harmless-statements.fixtures.ts';
import { LOCK_SCHEMA } from '../sql/locks/lock-schema.ts';
import { Project } from './support.ts';

let project: Project;

beforeEach(() => {
  project = new Project();
  const tables = LOCK_SCHEMA.replace(/INSERT INTO[^;]*;/g, '');
  project.write('src/migrations/1700000000000-schema.sql', tables);
});
afterEach(() => project.remove());

/** The findings of the lock rules for a migration with this statement. */
async function locksOf(sql: string, fields = ''): Promise<readonly Finding[]> {
  const file = project.write(
    'src/migrations/1757000000000-example.ts',
    `export class Example extends SchemaMigration {\n  ${fields}\n  async up(queryRunner) {\n    await queryRunner.query(${JSON.stringify(sql)});\n  }\n  async down() {}\n}\n`,
  );
  const report = await checkFiles({
    paths: [project.path('src/migrations')],
    tableSizes: new Map([['plans', 3]]),
  });
  expect(report.problems).toEqual([]);
  return report.migrations
    .filter((migration) => migration.file === file)
    .flatMap(({ directions }) => directions.flatMap(({ findings }) => findings));
}

/** What only the catalog of a database or the time zone of its sessions can tell. */
const NEEDS_DATABASE = [/app_zero/, /TYPE timestamp$/, /nothing/, /leads_old/];

it.each(DANGEROUS)('the check reports %s: %s', async (rule, sql) => {
  const findings = await locksOf(sql);
  expect(findings.map((finding) => finding.rule)).toContain(rule);
});

it.each(OUTSIDE_TRANSACTION)('the check reports %s without a transaction: %s', async (rule, sql) => {
  const findings = await locksOf(sql, 'readonly transaction = false;');
  expect(findings.map((finding) => finding.rule)).toEqual([rule]);
});

it.each(HARMLESS.filter((sql) => !NEEDS_DATABASE.some((pattern) => pattern.test(sql))))(
  'the check passes %s',
  async (sql) => {
    expect((await locksOf(sql)).map(({ rule, message }) => `${rule}: ${message}`)).toEqual([]);
  },
);
