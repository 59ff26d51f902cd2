import { Project } from './support.ts';

describe('the lock rules of the check', () => {
  let project: Project;

  beforeEach(() => {
    project = new Project();
    project.write('package.json', '{}');
  });

  afterEach(() => {
    project.remove();
  });

  /** The lock rules that the check reports for the statements of `up`. */
  async function rulesOf(body: string): Promise<readonly string[]> {
    project.migration(body);
    const { out } = await project.guard('--format', 'json');
    const { findings } = JSON.parse(out) as { findings: { rule: string; status: string }[] };
    return findings.filter(({ status }) => status === 'new').map(({ rule }) => rule);
  }

  const sent = (sql: string): string => `await queryRunner.query(${JSON.stringify(sql)});`;

  it.each([
    ['CREATE INDEX leads_email ON leads (email)', 'index-not-concurrent'],
    ['ALTER TABLE leads ALTER COLUMN email SET NOT NULL', 'set-not-null-scan'],
    ['ALTER TABLE leads ADD CHECK (id > 0)', 'check-validated'],
  ])(
    'do not take CREATE TABLE IF NOT EXISTS for a new table, if an earlier migration created it: %s',
    async (sql, rule) => {
      const columns = '(id bigint PRIMARY KEY, email text)';
      project.write('src/migrations/1600000000000-leads.sql', `CREATE TABLE leads ${columns};`);
      const again = sent(`CREATE TABLE IF NOT EXISTS leads ${columns.replace('text', 'text NOT NULL')}`);
      expect(await rulesOf(`${again}\n${sent(sql)}`)).toEqual([rule]);
    },
  );

  it.each([
    ['', ['concurrently-in-transaction']],
    ['transaction: true, ', ['concurrently-in-transaction']],
    ['transaction: false, ', []],
  ])('read %j of a migration that is an object', async (field, rules) => {
    project.write(
      'src/migrations/1757000000000-example.js',
      `module.exports = { ${field}async up(queryRunner) { ${sent('CREATE INDEX CONCURRENTLY i ON leads (email)')} }, async down() {} };\n`,
    );
    const { out } = await project.guard('--format', 'json');
    const { findings } = JSON.parse(out) as { findings: { rule: string }[] };
    expect(findings.map(({ rule }) => rule).filter((rule) => rule !== 'not-schema-migration')).toEqual(rules);
  });

  it('take CREATE TABLE IF NOT EXISTS for a new table, if no earlier statement knows it', async () => {
    const statements = [
      'CREATE TABLE IF NOT EXISTS leads (id bigint PRIMARY KEY, tenant_id bigint)',
      'CREATE INDEX ON leads (tenant_id)',
      'ALTER TABLE leads ADD FOREIGN KEY (tenant_id) REFERENCES tenants',
      'CREATE INDEX IF NOT EXISTS leads_tenant ON leads (tenant_id)',
    ];
    expect(await rulesOf(statements.map(sent).join('\n'))).toEqual([]);
  });

  it('know that the migration has created the table before', async () => {
    const create = 'CREATE TABLE leads (id bigint PRIMARY KEY, email text)';
    const again = create.replace('TABLE', 'TABLE IF NOT EXISTS');
    const index = sent('CREATE INDEX leads_email ON leads (email)');
    expect(await rulesOf(`${sent(create)}\n${sent(again)}\n${index}`)).toEqual([]);
  });

  const CONCURRENTLY = sent('CREATE INDEX CONCURRENTLY leads_email ON leads (email)');

  it('know that the code has ended the transaction', async () => {
    const body = `await queryRunner.commitTransaction();\n${CONCURRENTLY}\nawait queryRunner.startTransaction();`;
    expect(await rulesOf(body)).toEqual([]);
  });

  it.each([
    [
      'begins the next transaction',
      'await queryRunner.commitTransaction();\nawait queryRunner.startTransaction();',
    ],
    [
      'ends only a nested transaction',
      'await queryRunner.startTransaction();\nawait queryRunner.commitTransaction();',
    ],
  ])('know that the code %s', async (_title, body) => {
    expect(await rulesOf(`${body}\n${CONCURRENTLY}`)).toEqual(['concurrently-in-transaction']);
  });

  it('count the locks of each transaction on its own', async () => {
    const [one, other] = ['a', 'b'].map((table) => sent(`ALTER TABLE ${table} ADD COLUMN note text`));
    const next = 'await queryRunner.commitTransaction();\nawait queryRunner.startTransaction();';
    expect(await rulesOf(`${one ?? ''}\n${other ?? ''}`)).toEqual(['several-tables-locked']);
    expect(await rulesOf(`${one ?? ''}\n${next}\n${other ?? ''}`)).toEqual([]);
  });

  it.each([
    [
      "{ reason: 'agreed', rules: ['index-not-concurent'] }",
      'allowsLocks names "index-not-concurent", which is not a lock rule: did you mean "index-not-concurrent"?',
    ],
    [
      "{ reason: 'agreed', rules: ['update'] }",
      'allowsLocks names "update", which is not a lock rule: see docs',
    ],
    ["{ rules: ['drop-table'] }", 'allowsLocks has no reason'],
  ])('refuse a wrong declaration: %s', async (declaration, message) => {
    project.write(
      'src/migrations/1757000000000-example.ts',
      `export class Example extends SchemaMigration {\n  static readonly allowsLocks = ${declaration};\n  async up() {}\n  async down() {}\n}\n`,
    );
    const { code, out } = await project.guard();
    expect(out).toContain(message);
    expect(code).toBe(2);
  });
});
