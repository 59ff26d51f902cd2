import { existsSync, readFileSync } from 'node:fs';
import { Project } from './support.ts';

describe('nestjs-backfill-guard extract', () => {
  let project: Project;

  beforeEach(() => {
    project = new Project();
    project.write('package.json', '{}');
    project.write(
      'src/leads/lead.entity.ts',
      `@Entity('leads') export class Lead { @Column() id!: number; @Column({ name: 'tenant_id' }) tenantId!: number; @Column({ name: 'search_name' }) searchText!: string; }`,
    );
  });

  afterEach(() => {
    project.remove();
  });

  const extract = async (body: string, ...args: readonly string[]): Promise<string> =>
    (await project.run('extract', project.migration(body), ...args)).out;

  it('proposes a set backfill with the table, the predicate, the expressions and the tenant', async () => {
    const out = await extract(
      'await queryRunner.query(`UPDATE leads l SET search_name = lower(l.name) WHERE l.search_name IS NULL`);',
    );
    expect(out).toContain("+import { Lead } from '../leads/lead.entity.js';");
    expect(out).toContain("+  name: 'leads-search-name',");
    expect(out).toContain('+  where: `this_row.search_name IS NULL`,');
    expect(out).toContain("+  tenant: 'tenantId',");
    expect(out).toContain('+export class LeadsSearchName implements SetBackfill<Lead> {');
    expect(out).toContain('+      searchText: `lower(this_row.name)`,');
    expect(out).toContain('+    // data: leads-search-name'.replace('+    ', '+'));
  });

  it('turns UPDATE … FROM into a correlated subquery', async () => {
    const out = await extract(
      'await queryRunner.query(`UPDATE leads SET owner_id = o.id FROM owners o WHERE o.email = leads.email`);',
    );
    expect(out).toContain('ownerId: `(SELECT o.id FROM owners o WHERE o.email = this_row.email LIMIT 1)`');
    expect(out).toContain('EXISTS (SELECT 1 FROM owners o WHERE o.email = this_row.email)');
  });

  it('adds a comparison when the WHERE stays true after the change', async () => {
    const out = await extract(
      "await queryRunner.query(`UPDATE leads SET status = 'x' WHERE source = 'import'`);",
    );
    expect(out).toContain(`where: \`(source = 'import') AND (this_row."status" IS DISTINCT FROM 'x')\``);
  });

  it('warns about a change that cannot be repeated', async () => {
    expect(await extract('await queryRunner.query(`UPDATE leads SET score = score * 10`);')).toContain(
      'The expression reads the column that it writes',
    );
  });

  it('proposes a purge for DELETE and a copy for INSERT … SELECT', async () => {
    const out = await extract(
      'await queryRunner.query(`DELETE FROM calls WHERE test`);\nawait queryRunner.query(`INSERT INTO contacts (lead_id) SELECT id FROM leads`);',
    );
    expect(out).toContain("+  kind: 'purge',");
    expect(out).toContain('+  into: Contact,');
    expect(out).toContain('+      leadId: `id`,');
  });

  it('proposes a transform backfill for a loop over rows, and removes the whole loop', async () => {
    const out = await extract(
      'const rows = await queryRunner.query(`SELECT id, name FROM leads`);\nfor (const row of rows) {\n  await queryRunner.query(`UPDATE leads SET search_name = $1 WHERE id = $2`, [f(row.name), row.id]);\n}',
    );
    expect(out).toContain('implements TransformBackfill<Lead>');
    expect(out).toContain("+  writes: ['searchText'],");
    expect(out).toContain('-for (const row of rows) {');
  });

  it('writes files only with --write', async () => {
    const body = 'await queryRunner.query(`UPDATE leads SET a = 1`);';
    await extract(body);
    expect(existsSync(project.path('src/backfills'))).toBe(false);
    await extract(body, '--write');
    expect(readFileSync(project.path('src/backfills/leads-a.backfill.ts'), 'utf8')).toContain(
      'export class LeadsA ',
    );
    expect(readFileSync(project.path('src/migrations/1757000000000-example.ts'), 'utf8')).toContain(
      '// data: leads-a',
    );
    expect(
      (await project.run('check', project.path('src/migrations'), '--baseline', project.path('none.json')))
        .code,
    ).toBe(0);
  });

  it('does not overwrite an existing backfill', async () => {
    project.write('src/backfills/leads-a.backfill.ts', 'mine');
    const result = await project.run(
      'extract',
      project.migration('await queryRunner.query(`UPDATE leads SET a = 1`);'),
      '--write',
    );
    expect(result).toMatchObject({ code: 2, error: expect.stringContaining('exists already') as string });
    expect(readFileSync(project.path('src/backfills/leads-a.backfill.ts'), 'utf8')).toBe('mine');
  });

  it('keeps a call that also changes the schema, and reports it', async () => {
    const file = project.migration(
      'await queryRunner.query(`UPDATE leads SET a = 1; ALTER TABLE leads ADD b int`);',
    );
    const { out, error } = await project.run('extract', file);
    expect(error).toContain('not extracted');
    expect(out).not.toContain('-await queryRunner');
  });

  it('keeps a call whose statement is in a helper, and reports it', async () => {
    project.write(
      'src/migrations/helper.ts',
      'export async function fill(runner) { await runner.query(`UPDATE leads SET a = 1`); await runner.query(`ALTER TABLE leads ADD b int`); }',
    );
    const file = project.write(
      'src/migrations/1757000000000-example.ts',
      "import { fill } from './helper';\nexport class Example extends SchemaMigration {\n  async up(queryRunner) {\n    await fill(queryRunner);\n  }\n  async down() {}\n}\n",
    );
    const { out, error } = await project.run('extract', file);
    expect(out).toContain('implements SetBackfill<Lead>');
    expect(out).not.toContain('-    await fill');
    expect(error).toContain('not extracted');
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

  it('does not extract suppressed statements', async () => {
    expect(
      await extract(
        '// nestjs-backfill-ignore update: three rows\nawait queryRunner.query(`UPDATE leads SET a = 1`);',
      ),
    ).toContain('nothing to extract');
  });
});
