import { LOCK_RULES } from '../../libs/sql/src/locks/lock.types.ts';
import { checkFiles } from '../../libs/guard/src/index.ts';
import { LOCK_SCHEMA } from '../sql/locks/lock-schema.ts';
import { REVIEWED_DANGEROUS } from '../sql/locks/reviewed-dangerous.fixtures.ts';
import { REVIEWED_HARMLESS } from '../sql/locks/reviewed-harmless.fixtures.ts';
import { asCase, type Reviewed } from '../sql/locks/reviewed-statement.ts';
import { Project } from './support.ts';

let project: Project;

beforeEach(() => {
  project = new Project();
  const tables = LOCK_SCHEMA.replace(/INSERT INTO[^;]*;/g, '');
  project.write('src/migrations/1700000000000-schema.sql', tables);
});
afterEach(() => project.remove());

async function locksOf([, sql, { alone } = {}]: Reviewed): Promise<readonly string[]> {
  const fields = alone ? 'readonly transaction = false;' : '';
  const file = project.write(
    'src/migrations/1757000000000-example.ts',
    `export class Example extends SchemaMigration {\n  ${fields}\n  async up(queryRunner) {\n    await queryRunner.query(${JSON.stringify(sql)});\n  }\n  async down() {}\n}\n`,
  );
  const report = await checkFiles({
    paths: [project.path('src/migrations')],
    tableSizes: new Map([['plans', 3]]),
  });
  expect(report.problems).toEqual([]);
  const rules: ReadonlySet<string> = new Set(LOCK_RULES);
  return report.migrations
    .filter((migration) => migration.file === file)
    .flatMap(({ directions }) => directions.flatMap(({ findings }) => findings))
    .filter(({ rule }) => rules.has(rule))
    .map(({ rule, message }) => `${rule}: ${message}`);
}

it.each(REVIEWED_DANGEROUS.map(asCase))('the check reports it, because $why: $sql', async ({ reviewed }) => {
  expect(await locksOf(reviewed)).not.toEqual([]);
});

it.each(REVIEWED_HARMLESS.map(asCase))('the check passes it, because $why: $sql', async ({ reviewed }) => {
  expect(await locksOf(reviewed)).toEqual([]);
});
