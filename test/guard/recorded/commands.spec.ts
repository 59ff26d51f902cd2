import { pathToFileURL } from 'node:url';
import { Project } from '../support.ts';
import { Recorded } from './recorded.ts';

/** `WRITE_RECORDED=1` writes the file anew: review the difference. */
const recorded = new Recorded('commands.txt');
afterAll(() => recorded.end());

const MIGRATIONS: Readonly<Record<string, string>> = {
  '1757000000000-tables.ts': `import { SchemaMigration } from 'nestjs-backfill';
export class Tables1757000000000 extends SchemaMigration {
  async up(queryRunner) {
    await queryRunner.query('CREATE TABLE leads (id bigserial PRIMARY KEY, name text, status text)');
    await queryRunner.query('CREATE TABLE calls (id bigserial PRIMARY KEY, lead_id bigint)');
  }
  async down(queryRunner) { await queryRunner.query('DROP TABLE leads'); }
}
`,
  '1757000000001-data.ts': `import { SchemaMigration } from 'nestjs-backfill';
import { fill } from '../fill';
export class Data1757000000001 extends SchemaMigration {
  async up(queryRunner) {
    await queryRunner.query(\`UPDATE leads SET status = 'a|b<c>' WHERE status IS NULL\`);
    const rows = await queryRunner.query('SELECT id FROM leads');
    for (const row of rows) await queryRunner.query(\`DELETE FROM calls WHERE lead_id = \${row.id}\`);
    await queryRunner.query(process.env.SQL);
    await queryRunner.manager.delete('plans', { id: 1 });
    await queryRunner.manager.createQueryBuilder().update('leads').set({ name: 'x' }).execute();
    await fill(queryRunner);
    await queryRunner.query(\`\n      INSERT INTO "leads" ("name")\n      SELECT 'a long line that has more than eighty characters, so that it is cut' FROM "calls" WHERE true\`);
  }
  async down(queryRunner) { await queryRunner.query('TRUNCATE calls'); }
}
`,
  '1757000000002-comments.ts': `import { SchemaMigration } from 'nestjs-backfill';
export class Comments1757000000002 extends SchemaMigration {
  static readonly allowsData = { reason: 'few rows', tables: ['plans'] };
  async up(queryRunner) {
    // nestjs-backfill-ignore update: the table has two rows
    await queryRunner.query("UPDATE plans SET a = 1");
    // nestjs-backfill-ignore delete
    await queryRunner.query("DELETE FROM leads");
    // nestjs-backfill-ignore truncate: nothing is here
    await queryRunner.query("SELECT 1");
    await queryRunner.query("UPDATE plans SET a = 2"); // nestjs-backfill-ignore update, delete: twice
  }
  async down() {}
}
`,
  '1757000000003-locks.ts': `import { MigrationInterface, TableColumn } from 'typeorm';
// data: leads-status
export class Locks1757000000003 implements MigrationInterface {
  async up(queryRunner) {
    await queryRunner.query('CREATE INDEX leads_name ON leads (name)');
    await queryRunner.query('ALTER TABLE leads ALTER COLUMN id TYPE int, ADD COLUMN note text NOT NULL');
    await queryRunner.addColumn('calls', new TableColumn({ name: 'kind', type: 'text', default: "'x'" }));
    await queryRunner.query('ALTER TABLE leads DROP COLUMN status');
  }
  async down(queryRunner) { await queryRunner.query('DROP INDEX leads_name'); }
}
`,
  '1757000000004-plain.sql': `-- up\nUPDATE leads SET name = 'x';\nCREATE TABLE more (id int);\n-- down\nDELETE FROM more;\n`,
  '1757000000005-none.ts': 'export const nothing = 1;\n',
};

const REST: Readonly<Record<string, string>> = {
  'package.json': '{ "name": "project", "type": "module" }',
  'src/fill.ts': `export async function fill(q) {\n  await q.query('UPDATE calls SET lead_id = 1');\n}\n`,
  'src/lead.entity.ts': `import { Column, Entity, PrimaryColumn } from 'typeorm';
@Entity('leads')
export class Lead {
  @PrimaryColumn() id: number;
  @Column() name: string;
  @Column() status: string;
  @Column() missing: string;
}
`,
  'src/leads.backfill.ts': `import { Backfill } from 'nestjs-backfill';
import { IsNull } from 'typeorm';
import { Lead } from './lead.entity.js';
@Backfill<Lead>({ name: 'leads-status', entity: Lead, where: { status: IsNull() } })
export class LeadsStatus { set() { return { status: "'x'" }; } }
`,
  'sizes.json': '{ "leads": "lookup", "calls": 20000, "plans": 5 }',
  'no-sizes.json': '{ "leads": "huge" }',
  'broken/1757000000009-broken.ts': 'class {',
  'indexes/1757000000003-indexes.ts': `import { SchemaMigration } from 'nestjs-backfill';
const SQL = 'CREATE INDEX leads_a ON leads (a)';
export class Indexes1757000000003 extends SchemaMigration {
  async up(queryRunner) {
    const name = 'leads_b';
    await queryRunner.query(SQL);
    await queryRunner.query(\`CREATE INDEX \${name} ON leads (b)\`);
    await queryRunner.query(\`CREATE INDEX leads_c ON leads (c)\`);
    await queryRunner.dropIndex('leads', 'leads_d');
    await queryRunner.query('SELECT 1', []);
  }
  async down() {}
}
`,
  'alone/1757000000001-a.ts': `export class A { async up(q) { await q.query('DELETE FROM leads'); } async down() {} }\n`,
};

const ALL = 'src/migrations';
const COMMANDS: readonly string[] = [
  ...['text', 'json', 'sarif', 'github'].map((format) => `check ${ALL} --format ${format}`),
  ...['json', 'sarif', 'github'].map((format) => `check alone broken --format ${format}`),
  `check ${ALL} --color`,
  `check ${ALL} --locks off --format github`,
  `check ${ALL} --strict-baseline --format github`,
  `check ${ALL} --table-sizes sizes.json --locks off --format github`,
  `check ${ALL} --table-sizes no-sizes.json`,
  `check ${ALL} --exclude *-data.ts --exclude *.sql --format github`,
  `check ${ALL} --dml-helper fill --locks off --format github`,
  `check ${ALL} --postgres 10 --format github`,
  `check ${ALL} --postgres 9`,
  `check ${ALL} --postgres x`,
  ...['text', 'json', 'github'].map(
    (format) => `check ${ALL} --timeline --locks off --exclude *-data.ts --format ${format}`,
  ),
  `check ${ALL} --timeline --sources src/lead.entity.ts --locks off --format github`,
  'check gone',
  'check alone/1757000000001-a.ts broken/1757000000009-broken.ts',
  ...['markdown', 'json', 'html'].map((format) => `audit ${ALL} --format ${format}`),
  'audit alone broken',
  'audit alone --table-sizes sizes.json',
  `extract ${ALL}/1757000000001-data.ts`,
  `extract ${ALL}/1757000000001-data.ts --into src/elsewhere`,
  `extract ${ALL}/1757000000004-plain.sql`,
  'extract broken/1757000000009-broken.ts',
  `extract ${ALL}`,
  `fix ${ALL}/1757000000003-locks.ts`,
  `fix ${ALL}/1757000000000-tables.ts`,
  'fix indexes/1757000000003-indexes.ts',
  'check indexes',
  'fix broken/1757000000009-broken.ts',
  `fix ${ALL}`,
  '--help',
  'check --help',
  '',
  'nothing',
  'check',
  'extract',
  'init a b',
  `extract a b`,
  `check ${ALL} --locks maybe`,
  `check ${ALL} --format html`,
  `audit ${ALL} --format text`,
  `check ${ALL} --write`,
  `check ${ALL} --into x`,
  `audit ${ALL} --update-baseline`,
  `audit ${ALL} --timeline`,
  `check ${ALL} --sources src`,
  `fix ${ALL}/1757000000003-locks.ts --into x`,
  `check ${ALL} --table-sizes sizes.json --database postgres://nowhere`,
  `check alone --baseline gone.json`,
];

/** Without the texts of most rules, which the pages of the rules have too. */
function withFewRules(sarif: string): string {
  return sarif.replace(
    /("rules": \[\n)([^]*?)(\n {10}\])/,
    (_, start: string, rules: string, end: string) => start + rules.slice(0, 2_000) + end,
  );
}

describe('what each command prints about a project stays as in commands.txt', () => {
  let project: Project;
  beforeEach(() => {
    project = new Project();
    for (const [path, text] of Object.entries(REST)) project.write(path, text);
    for (const [name, text] of Object.entries(MIGRATIONS)) project.write(`${ALL}/${name}`, text);
  });
  afterEach(() => project.remove());

  const PATH = /^(?:src|alone|broken|indexes|gone|sizes|no-sizes|a|b)(?:[/.].*|$)/;
  async function run(line: string): Promise<string> {
    const [command = '', ...args] = line.split(' ');
    const paths = args.map((arg) => (PATH.test(arg) ? project.path(arg) : arg));
    const { out, error, code } = await project.run(command, ...paths);
    const shown = line.endsWith('sarif') ? withFewRules(out) : out;
    return `exit code ${code}\n${shown}\n${error}`
      .replaceAll(project.root, '')
      .replaceAll(pathToFileURL(`${process.cwd()}/`).href, 'file:///repository/')
      .replace(/\d+\.\d+\.\d+/g, 'VERSION');
  }

  it.each(COMMANDS)('%s', async (line) => {
    recorded.expect(`nestjs-backfill-guard ${line}`.trim(), await run(line));
  });

  it('with a baseline, of which entries are stale', async () => {
    const results = [await run(`check ${ALL} --baseline src/base.json --update-baseline`)];
    project.write(
      `${ALL}/1757000000004-plain.sql`,
      '-- up\nCREATE TABLE more (id int);\n-- down\nDELETE FROM new;\n',
    );
    project.write('src/fill.ts', 'export async function fill(q) {}\n');
    for (const options of [
      '',
      ' --strict-baseline',
      ' --format json',
      ' --format github',
      ' --update-baseline',
    ])
      results.push(await run(`check ${ALL} --baseline src/base.json${options}`));
    for (const format of ['markdown', 'json', 'html'])
      results.push(await run(`audit ${ALL} --baseline src/base.json --format ${format}`));
    project.write('src/base.json', '{ "entries": 5 }');
    results.push(await run(`check ${ALL} --baseline src/base.json`));
    project.write('src/base.json', 'not json');
    results.push(await run(`check ${ALL} --baseline src/base.json`));
    recorded.expect('with a baseline', results.join('\n'));
  });
});
