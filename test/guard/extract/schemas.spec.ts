import { Project } from '../support.ts';

describe('extract finds the entity of a table', () => {
  let project: Project;

  beforeEach(() => {
    project = new Project();
    project.write('package.json', '{}');
    project.write(
      'src/entities.ts',
      `@Entity('users') export class User { @PrimaryColumn() id!: number; @Column() status!: string; }
@Entity({ name: 'calls', schema: 'crm' }) export class Call { @PrimaryColumn() id!: number; @Column() status!: string; }
@Entity({ name: 'notes', schema: NAMES.crm }) export class Note { @PrimaryColumn() id!: number; @Column() status!: string; }
@Entity('drafts') class Draft { @PrimaryColumn() id!: number; @Column() status!: string; }
@Entity('plans') export default class Plan { @PrimaryColumn() id!: number; @Column() status!: string; }
`,
    );
  });

  afterEach(() => {
    project.remove();
  });

  async function extract(...statements: readonly string[]): Promise<string> {
    const code = statements.map((sql) => `await queryRunner.query(\`${sql}\`);`).join('\n');
    const { out } = await project.run('extract', project.migration(code));
    return out.replaceAll(/^\+/gm, '');
  }

  it.each([
    ['users', "import { User } from '../entities';"],
    ['public.users', "import { User } from '../entities';"],
    ['crm.calls', "import { Call } from '../entities';"],
    ['plans', "import Plan from '../entities';"],
  ])('of %s', async (table, line) => {
    expect(await extract(`UPDATE ${table} SET status = 'new' WHERE status IS NULL`)).toContain(line);
  });

  it('in the default schema of the data source', async () => {
    project.write('src/data-source.ts', "export const source = new DataSource({ schema: 'app' });\n");
    expect(await extract("UPDATE app.users SET status = 'new'")).toContain('entity: User,');
    expect(await extract("UPDATE public.users SET status = 'new'")).toContain('schema: "public"');
  });

  it.each([
    `export const source = new DataSource({ type: 'postgres', schema: process.env.DB_SCHEMA ?? 'crm' });`,
    `const schema = 'crm';\nexport const source = new DataSource({ type: 'postgres', schema });`,
    `export const options = () => ({ type: 'postgres' as const, schema: schemaOf('crm') });`,
    `export const source = new DataSource({ type: 'postgres', schema: 'crm' + suffix });`,
    `const options: TypeOrmModuleOptions = {};\noptions.schema = 'crm';`,
  ])('and writes an EntitySchema if the schema of the data source is not a constant: %s', async (text) => {
    project.write('src/data-source.ts', text);
    for (const schema of ['public', 'crm'])
      expect(await extract(`DELETE FROM ${schema}.users WHERE status IS NULL`)).toContain(
        `schema: "${schema}"`,
      );
    expect(await extract('DELETE FROM users WHERE status IS NULL')).toContain('entity: User,');
  });

  it.each([
    ['audit.users', 'schema: "audit",'],
    ['old.calls', 'schema: "old",'],
    ['calls', 'tableName: "calls",'],
    ['crm.notes', 'schema: "crm",'],
    ['drafts', 'tableName: "drafts",'],
  ])('and writes an EntitySchema if it is not certainly that of %s', async (table, line) => {
    const out = await extract(`DELETE FROM ${table} WHERE status IS NULL`);
    expect(out).toContain(line);
    expect(out).not.toMatch(/from '..\/entities'/);
  });

  it('and keeps tables of one name in two schemas apart', async () => {
    const out = await extract(
      "UPDATE one.items SET status = 'a' WHERE status IS NULL",
      "UPDATE two.items SET status = 'b' WHERE status IS NULL",
    );
    expect(out).toMatch(/items\.table\.ts[^]*schema: "one"[^]*two-items\.table\.ts[^]*schema: "two"/);
    expect(out).toContain('entity: TwoItemTable,');
  });

  it('and names the schema of a table that a loop writes', async () => {
    const { out } = await project.run(
      'extract',
      project.migration(
        "for (const { id } of await queryRunner.query('SELECT id FROM users')) await queryRunner.query(`UPDATE app.items SET status = 1 WHERE id = ${id}`);",
      ),
    );
    expect(out).toContain('schema: "app",');
  });
});
