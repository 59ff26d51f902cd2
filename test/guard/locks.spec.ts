import { DANGEROUS, OUTSIDE_TRANSACTION } from '../sql/locks/dangerous-statements.fixtures.ts';
import { HARMLESS } from '../sql/locks/harmless-statements.fixtures.ts';
import { LockProject } from './lock-project.ts';

let project: LockProject;

beforeEach(() => void (project = new LockProject()));
afterEach(() => project.remove());

const locksOf = (sql: string, fields?: string) => project.findingsOf(sql, fields);

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

it('the check knows that SET LOCAL TIME ZONE does nothing outside a transaction', async () => {
  const rulesOf = async (before: string) => {
    const code = `await queryRunner.query("${before}"); await queryRunner.query('ALTER TABLE leads ALTER COLUMN seen TYPE timestamp');`;
    const findings = await project.findingsOfCode(code, { fields: 'readonly transaction = false;' });
    return findings.map(({ rule }) => rule);
  };
  expect(await rulesOf(`SET TIME ZONE 'UTC'`)).toEqual([]);
  expect(await rulesOf(`SET LOCAL TIME ZONE 'UTC'`)).toEqual(['type-rewrite']);
});

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
    [
      'default-dropped',
      `changeColumn('leads', new TableColumn({ name: 'createdAt', type: 'timestamptz', default: 'now()' }), new TableColumn({ name: 'createdAt', type: 'timestamptz' }))`,
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
  const imports = 'Table, TableCheck, TableColumn, TableExclusion, TableForeignKey, TableIndex, TableUnique';
  const checkCall = (call: string) => project.findingsOfCall(call, { imports });

  it.each(DANGEROUS_CALLS)('the check reports %s: %s', async (rule, call) => {
    expect((await checkCall(call)).map((finding) => finding.rule)).toContain(rule);
  });

  const copied = (change: string) =>
    `getTable('leads'); const before = table.findColumnByName('score')!; const after = before.clone(); ${change}; await queryRunner.changeColumn(table, before, after)`;
  const COPIES: readonly (readonly [rule: string, change: string])[] = [
    ['set-not-null-scan', 'after.isNullable = false'],
    ['unique-constraint', 'after.isUnique = true'],
    ['rename-column', `after.name = 'points'`],
    ['type-rewrite', `after.type = 'bigint'`],
    ['type-rewrite', `after.length = '90'`],
    ['type-rewrite', `after.enum = ['a', 'b']`],
  ];

  it.each(COPIES)('the check reports %s of a column that is copied and changed: %s', async (rule, change) => {
    const findings = await project.findingsOfCode(`const table = await queryRunner.${copied(change)};`);
    expect(findings.map((finding) => finding.rule)).toEqual([rule]);
  });

  it('the check reports a default that a changed copy of a column has lost', async () => {
    const change = copied('after.default = undefined').replace('score', 'createdAt');
    const findings = await project.findingsOfCode(`const table = await queryRunner.${change};`);
    expect(findings.map(({ rule }) => rule)).toEqual(['default-dropped']);
  });

  it.each(['after.isNullable = true', 'after.default = 0', `after.comment = 'points'`])(
    'the check passes a copied column with %s',
    async (change) => {
      const findings = await project.findingsOfCode(`const table = await queryRunner.${copied(change)};`);
      expect(findings).toEqual([]);
    },
  );

  it('the check reports SET NOT NULL of a column that code finds in table.columns', async () => {
    const findings = await project.findingsOfCode(
      `const table = await queryRunner.getTable('leads'); const before = table.columns.find(({ name }) => name === 'score'); const after = before.clone(); after.isNullable = false; await queryRunner.changeColumn('leads', before, after);`,
    );
    expect(findings.map(({ rule }) => rule)).toEqual(['set-not-null-scan']);
  });

  it('the check reports two tables that are locked, also by a dropped foreign key', async () => {
    const call = `addColumn('leads', new TableColumn({ name: 'city', type: 'text', isNullable: true })); await queryRunner.dropForeignKey('calls', 'calls_lead')`;
    expect((await checkCall(call)).map(({ rule }) => rule)).toEqual(['several-tables-locked']);
  });

  it('the check follows both branches of a table that the database may lack', async () => {
    const findings = await project.findingsOfCode(
      `const table = await queryRunner.getTable('leads'); if (!table) await queryRunner.query('DROP TABLE calls'); else await queryRunner.query('DROP TABLE tenants');`,
    );
    expect([...new Set(findings.map((finding) => finding.table))]).toEqual(['calls', 'tenants']);
  });

  it('the check passes an index that createIndex() builds concurrently, and an index of a table from getTable()', async () => {
    const index = `new TableIndex({ name: 'i', columnNames: ['room'], isConcurrent: true })`;
    const options = { imports, fields: 'readonly transaction = false;' };
    expect(await project.findingsOfCall(`createIndex('leads', ${index})`, options)).toEqual([]);
    const call = `createTable(new Table({ name: 'made', columns: [{ name: 'id', type: 'uuid' }] })); const made = await queryRunner.getTable('made'); await queryRunner.createIndex(made, new TableIndex({ columnNames: ['id'] }))`;
    expect(await checkCall(call)).toEqual([]);
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
