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
const NEEDS_DATABASE = [/TYPE timestamp$/, /nothing/, /leads_old/];

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

describe('methods of the query runner', () => {
  const DANGEROUS_CALLS: readonly (readonly [rule: string, call: string])[] = [
    ['index-not-concurrent', `createIndex('leads', new TableIndex({ name: 'i', columnNames: ['room'] }))`],
    ['index-not-concurrent', `createIndices('leads', [new TableIndex({ columnNames: ['room'] })])`],
    [
      'index-not-concurrent',
      `createIndex(new Table({ name: 'public.leads' }), new TableIndex({ columnNames: ['room'] }))`,
    ],
    ['index-not-concurrent', `dropIndex('leads', 'leads_email')`],
    [
      'index-not-concurrent',
      `dropIndices('leads', [new TableIndex({ name: 'leads_email', columnNames: ['email'] })])`,
    ],
    [
      'foreign-key-validated',
      `createForeignKey('calls', new TableForeignKey({ columnNames: ['lead_id'], referencedTableName: 'leads', referencedColumnNames: ['id'] }))`,
    ],
    [
      'foreign-key-validated',
      `createForeignKeys('calls', [new TableForeignKey({ columnNames: ['lead_id'], referencedTableName: 'leads', referencedColumnNames: ['id'], onDelete: 'CASCADE' })])`,
    ],
    ['unique-constraint', `createUniqueConstraint('leads', new TableUnique({ columnNames: ['email'] }))`],
    ['unique-constraint', `createUniqueConstraints('leads', [new TableUnique({ columnNames: ['email'] })])`],
    ['check-validated', `createCheckConstraint('leads', new TableCheck({ expression: 'score > 0' }))`],
    ['check-validated', `createCheckConstraints('leads', [new TableCheck({ expression: 'score > 0' })])`],
    [
      'exclusion-constraint',
      `createExclusionConstraint('leads', new TableExclusion({ expression: 'USING gist (during WITH &&)' }))`,
    ],
    ['primary-key-added', `createPrimaryKey('bare', ['id'])`],
    ['primary-key-added', `updatePrimaryKeys('bare', [new TableColumn({ name: 'id', type: 'bigint' })])`],
    ['rename-table', `renameTable('leads', 'prospects')`],
    ['rename-column', `renameColumn('leads', 'email', 'mail')`],
    ['type-rewrite', `changeColumn('leads', 'score', new TableColumn({ name: 'score', type: 'bigint' }))`],
    [
      'set-not-null-scan',
      `changeColumn('bare', 'name', new TableColumn({ name: 'name', type: 'text', isNullable: false }))`,
    ],
    [
      'type-rewrite',
      `changeColumn('leads', 'email', new TableColumn({ name: 'email', type: 'varchar', length: '20', default: "'x'" }))`,
    ],
    [
      'type-rewrite',
      `changeColumn('leads', new TableColumn({ name: 'email', type: 'varchar', length: '10' }), new TableColumn({ name: 'email', type: 'varchar', length: '20' }))`,
    ],
    [
      'type-rewrite',
      `changeColumns('leads', [{ oldColumn: new TableColumn({ name: 'email', type: 'text' }), newColumn: new TableColumn({ name: 'email', type: 'text', isArray: true }) }])`,
    ],
    ['drop-table', 'clearDatabase()'],
    ['drop-table', 'connection.dropDatabase()'],
    ['drop-table', 'connection.synchronize(true)'],
    ['cannot-decide', 'connection.synchronize()'],
    ['not-null-without-default', `addColumn('leads', new TableColumn({ name: 'city', type: 'text' }))`],
    ['drop-table', `dropTable('leads')`],
    ['drop-column', `dropColumn('leads', 'note')`],
    ['drop-column', `dropColumns('leads', ['note', 'room'])`],
  ];
  const HARMLESS_CALLS = [
    `createIndex('plans', new TableIndex({ columnNames: ['note'] }))`,
    `addColumn('leads', new TableColumn({ name: 'city', type: 'text', isNullable: true }))`,
    `dropForeignKey('calls', 'calls_lead')`,
    `createTable(new Table({ name: 'made', columns: [{ name: 'id', type: 'uuid', isPrimary: true }], indices: [{ columnNames: ['id'] }] }))`,
    `createTable(new Table({ name: 'made', columns: [{ name: 'id', type: 'uuid' }] })).then(() => queryRunner.createIndex('made', new TableIndex({ columnNames: ['id'] })))`,
  ];
  const checkCall = async (call: string): Promise<readonly Finding[]> => {
    const classes =
      'Table, TableCheck, TableColumn, TableExclusion, TableForeignKey, TableIndex, TableUnique';
    const file = project.write(
      'src/migrations/1757000000000-example.ts',
      `import { ${classes} } from 'typeorm';\nexport class Example extends SchemaMigration {\n  async up(queryRunner) {\n    await queryRunner.${call};\n  }\n  async down() {}\n}\n`,
    );
    const report = await checkFiles({
      paths: [project.path('src/migrations')],
      tableSizes: new Map([['plans', 3]]),
    });
    return report.migrations
      .filter((migration) => migration.file === file)
      .flatMap(({ directions }) => directions.flatMap(({ findings }) => findings));
  };

  it.each(DANGEROUS_CALLS)('the check reports %s: %s', async (rule, call) => {
    expect((await checkCall(call)).map((finding) => finding.rule)).toContain(rule);
  });

  it('the check says that TypeORM loses the values of a column whose length changes', async () => {
    const call = `changeColumn('leads', 'email', new TableColumn({ name: 'email', type: 'varchar', length: '20' }))`;
    const [finding] = (await checkCall(call)).filter(({ rule }) => rule === 'type-rewrite');
    expect(finding?.message).toContain('drops leads.email and adds it again, so that its values are lost');
  });

  it.each(HARMLESS_CALLS)('the check passes %s', async (call) => {
    expect((await checkCall(call)).map(({ rule, message }) => `${rule}: ${message}`)).toEqual([]);
  });
});
