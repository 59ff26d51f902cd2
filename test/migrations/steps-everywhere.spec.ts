import { ESLint } from 'eslint';
import * as steps from 'nestjs-backfill/steps';
import type { QueryRunner } from 'typeorm';
import { checkFiles } from '../../libs/guard/src/check/check-files.ts';
import plugin from '../../libs/guard/src/eslint/plugin.ts';
import { Project } from '../guard/support.ts';
import { MigrationStage } from '../support/migrations/migration-stage.ts';
import { migration, postgresDataSource, withDataSource } from '../support/migrations/migrations.ts';

const stage = MigrationStage.forEachTest();

interface Step {
  /** The call in a migration. */
  readonly call: string;
  /** SQL before the application starts, on a table that is not small. */
  readonly before?: string;
  /** SQL that is true after the step. */
  readonly after: string;
}

const FILL = `INSERT INTO leads SELECT n, 'x' FROM generate_series(6, 10600) n`;
const constraint = (name: string) =>
  `EXISTS (SELECT FROM pg_constraint WHERE conname = '${name}' AND convalidated)`;
const column = (name: string) =>
  `EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('leads') AND attname = '${name}')`;

const STEPS: readonly Step[] = [
  {
    call: `setNotNull(queryRunner, 'leads', 'note')`,
    before: `UPDATE leads SET note = 'x'`,
    after: `(SELECT attnotnull FROM pg_attribute WHERE attrelid = 'leads'::regclass AND attname = 'note')`,
  },
  {
    call: `addForeignKey(queryRunner, { table: 'leads', columns: ['id'], references: 'people', name: 'leads_people' })`,
    before: 'CREATE TABLE people (id int PRIMARY KEY); INSERT INTO people SELECT id FROM leads',
    after: constraint('leads_people'),
  },
  {
    call: `addCheck(queryRunner, { table: 'leads', name: 'leads_positive', expression: 'id > 0' })`,
    after: constraint('leads_positive'),
  },
  {
    call: `addUnique(queryRunner, { table: 'leads', columns: ['id', 'note'], name: 'leads_once' })`,
    after: constraint('leads_once'),
  },
  {
    call: `addPrimaryKey(queryRunner, { table: 'keyless', columns: ['id'], name: 'keyless_key' })`,
    before: 'CREATE TABLE keyless (id int NOT NULL); INSERT INTO keyless SELECT id FROM leads',
    after: constraint('keyless_key'),
  },
  {
    call: `dropIndex(queryRunner, 'leads_note')`,
    before: 'CREATE INDEX leads_note ON leads (note)',
    after: `to_regclass('leads_note') IS NULL`,
  },
  {
    call: `addEnumValue(queryRunner, { type: 'stage', value: 'won' })`,
    before: `CREATE TYPE stage AS ENUM ('new')`,
    after: `'won' = ANY (enum_range(NULL::stage)::text[])`,
  },
  {
    call: `changeType(queryRunner, { table: 'leads', column: 'note', type: 'varchar' })`,
    after: `(SELECT atttypid = 'varchar'::regtype FROM pg_attribute WHERE attrelid = 'leads'::regclass AND attname = 'note')`,
  },
  {
    call: `retireColumn(queryRunner, { table: 'leads', column: 'city' })`,
    before: `ALTER TABLE leads ADD COLUMN city text NOT NULL DEFAULT 'x'`,
    after: column('city'),
  },
  {
    call: `dropColumn(queryRunner, { table: 'leads', column: 'city' })`,
    before: 'ALTER TABLE leads ADD COLUMN city text',
    after: `NOT ${column('city')}`,
  },
  {
    call: `renameColumn(queryRunner, { table: 'leads', column: 'note', to: 'remark' })`,
    after: column('remark'),
  },
  {
    call: `renameColumn(queryRunner, { table: 'leads', column: 'note', to: 'remark' }).then(() => finishRenameColumn(queryRunner, { table: 'leads', column: 'note', to: 'remark' }))`,
    after: column('remark'),
  },
  {
    call: `renameTable(queryRunner, { table: 'leads', to: 'prospects' })`,
    after: `to_regclass('prospects') IS NOT NULL`,
  },
  {
    call: `renameTable(queryRunner, { table: 'leads', to: 'prospects' }).then(() => finishRenameTable(queryRunner, { table: 'leads', to: 'prospects' }))`,
    after: `to_regclass('leads') IS NULL`,
  },
  {
    call: `attachPartition(queryRunner, { parent: 'events', partition: 'events_1', values: { from: '1', to: '20000' } })`,
    before: `CREATE TABLE events (id int NOT NULL) PARTITION BY RANGE (id); CREATE TABLE events_1 (id int NOT NULL);
      INSERT INTO events_1 SELECT id FROM leads`,
    after: `(SELECT relispartition FROM pg_class WHERE oid = 'events_1'::regclass)`,
  },
];

it('the list has every step', () => {
  const called = STEPS.flatMap(({ call }) =>
    [...call.matchAll(/(\w+)\(queryRunner/g)].map(([, name]) => name),
  );
  expect([...new Set(called)].sort()).toEqual(Object.keys(steps).sort());
});

const codeOf = (call: string): string => {
  const names = Object.keys(steps).filter((name) => new RegExp(`\\b${name}\\(`).test(call));
  return `import { SchemaMigration } from 'nestjs-backfill';
import { ${names.join(', ')} } from 'nestjs-backfill/steps';

export class Step1700000000000 extends SchemaMigration {
  transaction = false;

  async up(queryRunner) {
    await ${call};
  }

  async down() {}
}
`;
};

it.each(STEPS)('the check and its ESLint plugin have no objection to $call', async ({ call }) => {
  const project = new Project();
  try {
    project.write('package.json', '{}');
    const file = project.write('src/migrations/1700000000000-step.js', codeOf(call));
    const { migrations, problems } = await checkFiles({ paths: [file] });
    expect(problems).toEqual([]);
    expect(migrations.flatMap(({ directions }) => directions.flatMap(({ findings }) => findings))).toEqual(
      [],
    );
    const eslint = new ESLint({
      cwd: project.root,
      overrideConfigFile: true,
      overrideConfig: [plugin.configs.recommended],
    });
    const [result] = await eslint.lintFiles([file]);
    expect(result?.messages).toEqual([]);
  } finally {
    project.remove();
  }
});

/** Runs a call with all steps in scope, as the code of a migration does. */
function run(call: string): (queryRunner: QueryRunner) => Promise<void> {
  const names = Object.keys(steps);
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the same text is checked above
  const body = new Function('queryRunner', ...names, `return ${call}`) as (
    queryRunner: QueryRunner,
    ...all: unknown[]
  ) => Promise<void>;
  return (queryRunner) => body(queryRunner, ...Object.values(steps));
}

it.each(STEPS)(
  'with `migrationsRun: true`, beside a migration with a transaction, runs $call',
  async ({ call, before, after }) => {
    await stage.database.query(FILL);
    if (before !== undefined) await stage.database.query(before);
    const First = migration('First', { up: 'CREATE TABLE first_one (id bigint PRIMARY KEY)' });
    const Second = migration('Second', { transaction: false, up: run(call) });
    const source = postgresDataSource(stage.database, [First, Second], { migrationsRun: true });
    await withDataSource(source, async (dataSource) => {
      expect(await dataSource.showMigrations()).toBe(false);
    });
    expect(await stage.database.query(`SELECT ${after} AS done`)).toEqual([{ done: true }]);
  },
);
