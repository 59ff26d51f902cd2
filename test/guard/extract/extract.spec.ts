import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Project } from '../support.ts';

const MIGRATION = 'src/migrations/1757000000000-example.ts';

describe('nestjs-backfill-guard extract', () => {
  let project: Project;

  beforeEach(() => {
    project = new Project();
    project.write('package.json', '{ "type": "module" }');
    project.write(
      'src/leads/lead.entity.ts',
      `@Entity('leads') export class Lead { @PrimaryColumn() id!: number; @Column() status!: string; @Column({ name: 'tenant_id' }) tenantId!: number; @Column({ name: 'search_name' }) searchText!: string; }`,
    );
  });

  afterEach(() => {
    project.remove();
  });

  const extract = (body: string, ...args: readonly string[]) =>
    project.run('extract', project.migration(body), ...args);
  const read = (path: string): string => readFileSync(project.path(path), 'utf8');

  it('writes a set backfill with the table, the predicate, the expressions and the tenant', async () => {
    const { out } = await extract(
      'await queryRunner.query(`UPDATE leads l SET search_name = lower(l.status) WHERE l.search_name IS NULL`);',
    );
    expect(out).toContain("+import { Lead } from '../leads/lead.entity.js';");
    expect(out).toContain("+  name: 'leads-search-name',");
    expect(out).toContain(
      '+  where: `(this_row.search_name IS NULL) AND ((lower(this_row.status)) IS NOT NULL)`,',
    );
    expect(out).toContain("+  tenant: 'tenantId',");
    expect(out).toContain('+export class LeadsSearchName implements SetBackfill<Lead> {');
    expect(out).toContain('+      searchText: `lower(this_row.status)`,');
    expect(out).toContain('+// data: leads-search-name');
  });

  it('turns UPDATE … FROM into a correlated subquery', async () => {
    const { out } = await extract(
      'await queryRunner.query(`UPDATE leads SET status = o.id FROM owners o WHERE o.email = leads.email`);',
    );
    expect(out).toContain('status: `(SELECT DISTINCT o.id FROM owners o WHERE o.email = this_row.email)`');
    expect(out).toContain('EXISTS (SELECT 1 FROM owners o WHERE o.email = this_row.email)');
  });

  it('adds a comparison when the WHERE stays true after the change', async () => {
    const { out } = await extract(
      "await queryRunner.query(`UPDATE leads SET status = 'x' WHERE source = 'import'`);",
    );
    expect(out).toContain(`where: \`(source = 'import') AND (this_row."status" IS DISTINCT FROM 'x')\``);
    expect(out).toContain('catchUp: false');
  });

  it('imports entities as the sources of the project import each other', async () => {
    project.write('src/app.ts', "import { Lead } from './leads/lead.entity';\nexport const app = Lead;\n");
    const { out } = await extract('await queryRunner.query(`UPDATE leads SET status = 1`);');
    expect(out).toContain("import { Lead } from '../leads/lead.entity';");
  });

  it('writes an EntitySchema next to the backfill for a table without an entity, with its key', async () => {
    project.write(
      'src/migrations/1750000000000-tables.sql',
      'CREATE TABLE crm.call_logs (tenant int, number int, kind text, PRIMARY KEY (tenant, number));',
    );
    await extract('await queryRunner.query(`UPDATE crm.call_logs SET kind = 1`);', '--write');
    const table = read('src/backfills/call-logs.table.ts');
    expect(table).toContain('tableName: "call_logs",\n  schema: "crm",\n  synchronize: false,');
    expect(table).toContain(`tenant: { type: 'text', name: "tenant", primary: true }`);
    expect(table).toContain(`number: { type: 'text', name: "number", primary: true }`);
    expect(read('src/backfills/call-logs-kind.backfill.ts')).toContain(
      "import { CallLogTable, type CallLogRow } from './call-logs.table.js';",
    );
  });

  it('writes an EntitySchema if the entity has lost a column', async () => {
    const { out } = await extract('await queryRunner.query(`UPDATE leads SET old_column = 1`);');
    expect(out).toContain('entity: LeadTable');
    expect(out).not.toContain('lead.entity');
  });

  it('keeps the code of a loop in a backfill that fails until it is completed', async () => {
    const { out } = await extract(
      'const rows = await queryRunner.query(`SELECT id, name FROM leads`);\nfor (const row of rows) {\n  await queryRunner.query(`UPDATE leads SET search_name = $1 WHERE id = $2`, [f(row.name), row.id]);\n}',
    );
    expect(out).toContain('implements ProcessBackfill<Lead>');
    expect(out).toContain('+    if (!this.isComplete) throw new Error(');
    expect(out).toContain('+    const rows = await queryRunner.query(`SELECT id, name FROM leads`);');
    expect(out).toContain('+      await queryRunner.query(`UPDATE leads SET search_name = $1 WHERE id = $2`');
    expect(out).toContain('-const rows = await');
    expect(out).toContain('-for (const row of rows) {');
  });

  it('keeps the code of a write through TypeORM with the imports that it needs', async () => {
    const file = project.write(
      MIGRATION,
      "import { Lead } from '../leads/lead.entity.js';\nimport { IsNull } from 'typeorm';\nimport { label } from './label.js';\nexport class Example {\n  async up(queryRunner) {\n    await queryRunner.manager.update(Lead, { status: '' }, { status: label() });\n  }\n  async down() {}\n}\n",
    );
    const { out } = await project.run('extract', file);
    expect(out).toContain("+import { label } from '../migrations/label.js';");
    expect(out).toContain(
      "+    await queryRunner.manager.update(Lead, { status: '' }, { status: label() });",
    );
  });

  it('moves what depends on the data into a contract migration that requires the backfills, in order', async () => {
    const { out } = await extract(
      [
        'await queryRunner.query(`ALTER TABLE leads ADD COLUMN slug text`);',
        'await queryRunner.query(`UPDATE leads SET slug = status`);',
        'await queryRunner.query(`ALTER TABLE leads ALTER COLUMN slug SET NOT NULL`);',
        'await queryRunner.query(`CREATE TABLE unrelated (id int)`);',
        'await queryRunner.query(`ALTER TABLE leads DROP COLUMN status`);',
        'await queryRunner.query(`DROP TYPE lead_status`);',
      ].join('\n'),
      '--write',
    );
    const contract = read('src/migrations/1757000000001-example-contract.ts');
    expect(contract).toContain('export class ExampleContract1757000000001 extends SchemaMigration');
    expect(contract).toContain("static readonly requires = ['leads-slug'];");
    expect(contract).toMatch(/SET NOT NULL[^]*DROP COLUMN status[^]*DROP TYPE lead_status/);
    expect(contract).not.toContain('unrelated');
    expect(read(MIGRATION)).toMatch(/ADD COLUMN slug[^]*data: leads-slug[^]*CREATE TABLE unrelated/);
    expect(read(MIGRATION)).not.toContain('DROP');
    expect(out).toContain('1757000000001-example-contract.ts');
  });

  it('the contract migration reverts what it does, and down() of the migration no longer does', async () => {
    const file = project.write(
      'src/migrations/1757000000000-example.ts',
      `export class Example extends SchemaMigration {
  async up(queryRunner) {
    await queryRunner.query('ALTER TABLE leads ADD slug text');
    await queryRunner.query('UPDATE leads SET slug = status');
    await queryRunner.query('ALTER TABLE leads ALTER slug SET NOT NULL');
    await queryRunner.query('ALTER TABLE leads ADD CONSTRAINT leads_slug UNIQUE (slug)');
  }
  async down(queryRunner) {
    await queryRunner.query('ALTER TABLE "leads" DROP CONSTRAINT IF EXISTS "leads_slug"');
    await queryRunner.query('ALTER TABLE leads DROP slug');
  }
}
`,
    );
    await project.run('extract', file, '--write');
    const [, down = ''] = read('src/migrations/1757000000001-example-contract.ts').split('async down');
    expect(down.match(/`.*`/g)).toEqual([
      '`ALTER TABLE leads DROP CONSTRAINT leads_slug`',
      '`ALTER TABLE leads ALTER COLUMN slug DROP NOT NULL`',
    ]);
    expect(read(MIGRATION).split('async down')[1]?.match(/'.*'/g)).toEqual(["'ALTER TABLE leads DROP slug'"]);
  });

  it.each([
    ['a dropped column', 'ALTER TABLE leads DROP COLUMN status', 'the values of the dropped column are gone'],
    [
      'a changed type',
      'ALTER TABLE leads ALTER status TYPE int USING 1',
      'it does not tell the earlier type',
    ],
    [
      'an unnamed key',
      'ALTER TABLE leads ADD UNIQUE (slug)',
      'PostgreSQL chooses the name of its constraint',
    ],
  ])('down() of the contract migration of %s fails with the reason', async (_, statement, reason) => {
    await extract(
      [
        'await queryRunner.query(`ALTER TABLE leads ADD COLUMN slug text`);',
        'await queryRunner.query(`UPDATE leads SET slug = status`);',
        `await queryRunner.query(\`${statement}\`);`,
      ].join('\n'),
      '--write',
    );
    const [, down = ''] = read('src/migrations/1757000000001-example-contract.ts').split('async down');
    expect(down).toContain('throw new Error(');
    expect(down).toContain(reason);
  });

  it('starts a backfill after those whose rows it reads', async () => {
    const { out } = await extract(
      'await queryRunner.query(`UPDATE owners SET name = lower(name)`);\nawait queryRunner.query(`UPDATE leads SET status = o.name FROM owners o WHERE o.id = leads.owner`);\nawait queryRunner.query(`DELETE FROM calls WHERE test`);',
    );
    expect(out.match(/dependsOn: .*/g)).toEqual(["dependsOn: ['owners-name'],"]);
  });

  it('writes files only with --write, names each of them and the next steps', async () => {
    const body = 'await queryRunner.query(`UPDATE calls SET a = 1`);';
    expect((await extract(body)).error).toContain('no file was written');
    expect(existsSync(project.path('src/backfills'))).toBe(false);
    const { error } = await extract(body, '--write');
    expect(read('src/backfills/calls-a.backfill.ts')).toContain('export class CallsA ');
    expect(read(MIGRATION)).toContain('// data: calls-a');
    expect(error).toMatch(/written: .*calls-a\.backfill\.ts\n[^]*written: .*calls\.table\.ts\n/);
    expect(error).toMatch(
      /Next steps:\n {2}1\. Add CallsA to the providers[^]*Add CallTable to the entities/,
    );
    const { code } = await project.run('check', project.path('src/migrations'), '--baseline', 'none.json');
    expect(code).toBe(0);
  });

  it('shows a diff that `git apply` accepts and that gives the written files', async () => {
    const body =
      'await queryRunner.query(`UPDATE calls SET a = 1`);\nawait queryRunner.query(`CREATE TABLE other (id int)`);';
    const file = project.migration(body);
    const cwd = process.cwd();
    process.chdir(project.root);
    const { out } = await project.run('extract', file).finally(() => {
      process.chdir(cwd);
    });
    writeFileSync(project.path('extract.diff'), out);
    execFileSync('git', ['apply', 'extract.diff'], { cwd: project.root });
    const applied = [read(MIGRATION), read('src/backfills/calls-a.backfill.ts')];
    expect(applied[0]).toContain('// data: calls-a\nawait queryRunner.query(`CREATE TABLE other (id int)`);');
    rmSync(project.path('src/backfills'), { recursive: true });
    await extract(body, '--write');
    expect([read(MIGRATION), read('src/backfills/calls-a.backfill.ts')]).toEqual(applied);
  });

  it('imports each name of copied code once, with its types, enums and operators of TypeORM', async () => {
    const file = project.write(
      MIGRATION,
      `import { In, type MigrationInterface, type QueryRunner } from 'typeorm';
import { Lead } from '../leads/lead.entity';
type Row = { id: number };
enum Kind { Old = 'old' }
export class Example1757000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    const rows: Row[] = [{ id: 1 }];
    await queryRunner.manager.update(Lead, { id: In(rows.map(({ id }) => id)) }, { status: Kind.Old });
  }
  async down() {}
}
`,
    );
    await project.run('extract', file, '--write');
    const code = read('src/backfills/leads-status.backfill.ts');
    expect(code.match(/import \{[^}]*\bLead\b[^}]*\}/g)).toHaveLength(1);
    expect(code).toContain("import { In } from 'typeorm';");
    expect(code).toContain('type Row = { id: number };');
    expect(code).toContain("enum Kind { Old = 'old' }");
    expect(code).not.toContain('MigrationInterface');
  });

  it('does not overwrite an existing backfill', async () => {
    project.write('src/backfills/leads-a.backfill.ts', 'mine');
    const result = await extract('await queryRunner.query(`UPDATE leads SET a = 1`);', '--write');
    expect(result).toMatchObject({ code: 2, error: expect.stringContaining('exists already') as string });
    expect(read('src/backfills/leads-a.backfill.ts')).toBe('mine');
  });

  it('keeps a call whose statement is in another file, and reports it', async () => {
    project.write(
      'src/migrations/helper.ts',
      'export async function fill(runner) { await runner.query(`UPDATE leads SET a = 1`); await runner.query(`ALTER TABLE leads ADD b int`); }',
    );
    const file = project.write(
      MIGRATION,
      "import { fill } from './helper';\nexport class Example extends SchemaMigration {\n  async up(queryRunner) {\n    await fill(queryRunner);\n  }\n  async down() {}\n}\n",
    );
    const { out, error } = await project.run('extract', file);
    expect(out).toBe('');
    expect(error).toContain('not extracted: its statement is in another file');
  });

  it('removes a statement from an SQL file, and keeps a statement in a block', async () => {
    const file = project.write(
      'src/migrations/1757000000000-example.sql',
      'ALTER TABLE leads ADD a int;\nUPDATE leads SET a = 1;\nDO $$ BEGIN DELETE FROM calls WHERE test; END $$;\n',
    );
    const { code, error } = await project.run('extract', file, '--write');
    expect({ code, left: error.includes('not extracted') }).toEqual({ code: 0, left: true });
    expect(readFileSync(file, 'utf8')).toBe(
      'ALTER TABLE leads ADD a int;\n-- data: leads-a\nDO $$ BEGIN DELETE FROM calls WHERE test; END $$;\n',
    );
  });

  it('keeps a data change of an SQL file on which a later statement depends', async () => {
    const file = project.write(
      'src/migrations/1757000000000-example.sql',
      'UPDATE leads SET status = 1;\nALTER TABLE leads ALTER COLUMN status SET NOT NULL;\n',
    );
    const { error } = await project.run('extract', file, '--write');
    expect(error).toContain('line 2 must run after it, and an SQL file cannot require a backfill');
  });

  it('does not extract suppressed statements', async () => {
    const { out } = await extract(
      '// nestjs-backfill-ignore update: three rows\nawait queryRunner.query(`UPDATE leads SET a = 1`);',
    );
    expect(out).toContain('nothing to extract');
  });
});
