import { Project } from '../support.ts';

const HELPERS = `export async function setTenant(q, tenant) { await q.query('SET app.tenant = ' + tenant); }
export async function wait(q) { await q.query("SET lock_timeout = '5s'"); }
export async function addScore(q) { await q.query('ALTER TABLE leads ADD COLUMN score int'); }
export const DDL = 'ALTER TABLE leads ADD COLUMN score int';
`;
const FILL = `await queryRunner.query("UPDATE leads SET status = 'new' WHERE status IS NULL");`;

describe('extract follows code as the check does', () => {
  let project: Project;

  beforeEach(() => {
    project = new Project();
    project.write('package.json', '{}');
    project.write('src/helpers.ts', HELPERS);
  });

  afterEach(() => {
    project.remove();
  });

  async function extract(body: string, head = ''): Promise<{ readonly out: string; readonly error: string }> {
    const file = project.write(
      'src/migrations/1757000000000-example.ts',
      `import { addScore, DDL, setTenant, wait } from '../helpers';\n${head}
export class Example implements MigrationInterface {
  async up(queryRunner: QueryRunner) {
    ${body}
  }
  async down() {}
}
`,
    );
    return project.run('extract', file);
  }

  it.each([
    ['an imported helper', "await setTenant(queryRunner, 'acme');", '', 'sets app.tenant'],
    [
      'a constant that a function sends',
      'await send(queryRunner, ROLE);',
      "const ROLE = 'SET session_replication_role = replica';\nconst send = (q, sql) => q.query(sql);",
      'sets session_replication_role',
    ],
    [
      'a loop over a list',
      'for (const sql of SETTINGS) await queryRunner.query(sql);',
      "const SETTINGS = ['SET search_path = crm'];",
      'sets search_path',
    ],
    ['a package', 'await prepare(queryRunner);', "import { prepare } from 'some-package';", 'cannot be read'],
    ['SQL that is not known', 'await queryRunner.query(process.env.SETTINGS);', '', 'cannot be read'],
  ])('leaves a statement behind a setting that comes from %s', async (_source, code, head, reason) => {
    const { error } = await extract(`${code}\n    ${FILL}`, head);
    expect(error).toContain(reason);
    expect(error).toContain('not extracted');
  });

  it('moves a statement behind a helper that only sets a timeout', async () => {
    const { out, error } = await extract(`await wait(queryRunner);\n    ${FILL}`);
    expect(error).not.toContain('not extracted');
    expect(out).toContain("status: `'new'`");
  });

  it.each(['await addScore(queryRunner);', 'await queryRunner.query(DDL);'])(
    'leaves a statement that needs what stays in the order behind another one: %s',
    async (ddl) => {
      const score = `await queryRunner.query('UPDATE leads SET score = 1 WHERE score IS NULL');`;
      const { error } = await extract(`${FILL}\n    ${ddl}\n    ${score}`);
      expect(error).toMatch(/not extracted: it needs line \d+, which must run after another backfill/);
    },
  );

  it('leaves a loop whose constant changes the schema', async () => {
    const loop = `for (const row of await queryRunner.query('SELECT id FROM leads')) {
      await queryRunner.query(DDL);
      await queryRunner.query('UPDATE leads SET score = 1 WHERE id = $1', [row.id]);
    }`;
    const { error } = await extract(loop);
    expect(error).toContain('a helper or a constant of the same code also changes the schema');
  });

  it('names the query runner of a loop as the migration does', async () => {
    const file = project.write(
      'src/migrations/1757000000000-example.ts',
      `export class Example implements MigrationInterface {
  async up(q: QueryRunner) {
    for (const row of await q.query('SELECT id FROM leads')) await q.query('UPDATE leads SET a = 1 WHERE id = $1', [row.id]);
  }
  async down() {}
}
`,
    );
    const { out } = await project.run('extract', file);
    expect(out).toContain('const q = manager.queryRunner;');
  });

  it.each([
    ['now()', 'now() is the time of each batch'],
    ['current_date', 'current_date is the time of each batch'],
    ['clock_timestamp()', 'clock_timestamp() is the time of each batch'],
    ['gen_random_uuid()', 'gen_random_uuid() gives each row a new value'],
    ['random()', 'random() gives each row a new value'],
    ["nextval('numbers')", 'nextval() counts in the order of the primary key'],
  ])('says what is different with %s', async (value, note) => {
    const { out } = await extract(
      `await queryRunner.query("UPDATE leads SET value = ${value} WHERE value IS NULL");`,
    );
    expect(out).toContain(`Note: ${note}`);
  });

  it('says that a condition on the time finds rows later', async () => {
    const { out } = await extract(`await queryRunner.query('DELETE FROM sessions WHERE expires < now()');`);
    expect(out).toContain('it also finds rows that meet it later');
  });

  it.each([
    ['UPDATE leads SET a = 1 WHERE a IS NULL AND random() < 0.5', 'its condition differs from call to call'],
    ['DELETE FROM leads WHERE random() < 0.5', 'its condition differs from call to call'],
    [
      "UPDATE leads SET a = currval('numbers') WHERE a IS NULL",
      'it calls currval(), which depends on its session',
    ],
    [
      'UPDATE leads SET a = txid_current() WHERE a IS NULL',
      'it calls txid_current(), which depends on its session',
    ],
  ])('leaves %s', async (sql, reason) => {
    const { error } = await extract(`await queryRunner.query(${JSON.stringify(sql)});`);
    expect(error).toContain(`not extracted: ${reason}`);
  });

  it('says of a module that takes too many steps to follow that it was not read', async () => {
    const items = (name: string) => Array.from({ length: 40 }, () => name).join(', ');
    const lists = ['b', 'c', 'd'].map((name, at) => `const ${name} = [${items('abc'[at] ?? '')}];\n`);
    const head = `const a = [${items('1')}];\n${lists.join('')}export const all = d;\n`;
    const { out, error } = await extract(FILL, head);
    expect(error).toContain('takes too many steps');
    expect(out).toContain('nothing to extract');
  });
});
