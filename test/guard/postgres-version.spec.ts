import { Linter } from 'eslint';
import { Project } from './support.ts';
import backfill from '../../libs/guard/src/eslint/plugin.ts';

let project: Project;

beforeEach(() => {
  project = new Project();
  project.write(
    'src/migrations/1700000000000-schema.sql',
    `CREATE TABLE leads (id bigint PRIMARY KEY, name text, note text, at timestamp,
       CONSTRAINT named CHECK (name IS NOT NULL));
     CREATE TABLE events (id bigint, at date) PARTITION BY RANGE (at);
     CREATE TYPE stage AS ENUM ('new');`,
  );
});
afterEach(() => project.remove());

async function rules(sql: string, ...options: readonly string[]): Promise<readonly string[]> {
  project.migration(`    await queryRunner.query(${JSON.stringify(sql)});`);
  const { out, error } = await project.guard('--format', 'json', ...options);
  expect(error).toBe('');
  const { findings } = JSON.parse(out) as { findings: readonly { rule: string; file: string }[] };
  return findings.filter(({ file }) => file.includes('example')).map(({ rule }) => rule);
}

const CASES: readonly (readonly [sql: string, since: number, ruleBefore: string])[] = [
  [`ALTER TABLE leads ADD COLUMN city text NOT NULL DEFAULT 'none'`, 11, 'volatile-default'],
  ['ALTER TABLE leads ALTER COLUMN name SET NOT NULL', 12, 'set-not-null-scan'],
  [`ALTER TYPE stage ADD VALUE 'won'`, 12, 'concurrently-in-transaction'],
  ['ALTER TABLE leads ADD CONSTRAINT n NOT NULL note NOT VALID', 18, 'set-not-null-scan'],
  ['ALTER TABLE leads ADD COLUMN twice bigint GENERATED ALWAYS AS (id * 2) VIRTUAL', 18, 'stored-generated'],
  ['ALTER TABLE events ADD FOREIGN KEY (id) REFERENCES leads NOT VALID', 18, 'foreign-key-validated'],
];

it.each(CASES)(
  '%s passes from PostgreSQL %i on, and before it is reported as %s',
  async (sql, since, rule) => {
    expect(await rules(sql)).toEqual([]);
    expect(await rules(sql, '--postgres', String(since))).toEqual([]);
    expect(await rules(sql, '--postgres', `${String(since - 1)}.3`)).toEqual([rule]);
  },
);

it.each(['9', '9.6', 'sixteen', '', '160'])('refuses --postgres %s', async (version) => {
  const { code, error } = await project.guard('--postgres', version);
  expect(code).toBe(2);
  expect(error).toContain(`--postgres ${version} is not a version of PostgreSQL from 10 on`);
});

describe('in ESLint', () => {
  const sql = 'ALTER TABLE leads ADD COLUMN twice bigint GENERATED ALWAYS AS (id * 2) VIRTUAL';
  const verify = (postgres?: unknown) =>
    new Linter({ configType: 'flat' }).verify(
      `import { SchemaMigration } from 'nestjs-backfill';\nexport class Example1757000000000 extends SchemaMigration {\n  async up(queryRunner) {\n    await queryRunner.query(${JSON.stringify(sql)});\n  }\n  async down() {}\n}\n`,
      [
        {
          ...backfill.configs.recommended,
          settings: postgres === undefined ? {} : { 'nestjs-backfill': { postgres } },
        },
      ],
      { filename: 'src/migrations/1757000000000-example.js' },
    );

  it('the setting `postgres` of the configuration decides', () => {
    expect(verify()).toEqual([]);
    expect(verify(18)).toEqual([]);
    expect(verify(17).map(({ ruleId }) => ruleId)).toEqual(['nestjs-backfill/stored-generated']);
  });

  it('a setting that is no version is refused', () => {
    expect(() => verify('new')).toThrow('postgres: "new", which is not a version of PostgreSQL from 10 on');
  });
});
