import { Project } from './support.ts';

describe('files that the guard reads', () => {
  let project: Project;

  beforeEach(() => {
    project = new Project();
    project.write('app/package.json', '{}');
    project.write('secret.sql', "UPDATE secret SET token = 'outside';");
    project.write('app/.env', "UPDATE secret SET token = 'settings';");
    project.write('app/sql/fill.sql', "UPDATE leads SET token = 'inside';");
    project.write('app/sql/broken.sql', "SELEC 'inside';");
  });

  afterEach(() => {
    project.remove();
  });

  async function check(expression: string): Promise<{ code: number; out: string; error: string }> {
    project.write(
      'app/migrations/1757000000000-example.js',
      `const fs = require('node:fs');\nexports.Example = class Example extends SchemaMigration {\n  async up(q) { await q.query(fs.readFileSync(${expression}, 'utf8')); }\n  async down() {}\n};\n`,
    );
    return project.run('check', project.path('app/migrations'));
  }

  it.each([
    ['an absolute path outside the project', () => `'${project.path('secret.sql')}'`],
    ['a path that leads out of the project', () => `'../../secret.sql'`],
    ['a file that is no SQL', () => `'../.env'`],
    ['a device', () => `'/dev/stdin'`],
    ['a file of the system', () => `'/proc/self/environ'`],
    [
      'a link out of the project',
      () => {
        project.link(project.path('secret.sql'), 'app/sql/linked.sql');
        return `'../sql/linked.sql'`;
      },
    ],
    [
      'a link to a file that is no SQL',
      () => {
        project.link(project.path('app/.env'), 'app/sql/linked.sql');
        return `'../sql/linked.sql'`;
      },
    ],
  ])('%s is not read, so its SQL is unknown', async (_title, path) => {
    const { code, out } = await check(path());
    expect(code).toBe(1);
    expect(out).toContain('cannot-decide');
    expect(out).toContain('is unknown');
    expect(out).not.toMatch(/secret SET|token|settings'|outside'/);
  });

  it('a data change in an SQL file of the project is found without printing the file', async () => {
    const { out } = await check(`'../sql/fill.sql'`);
    expect(out).toContain('UPDATE rewrites rows of leads');
    expect(out).toContain('(SQL of fill.sql)');
    expect(out).not.toContain('inside');
  });

  it('an error in an SQL file of the project is reported without printing the file', async () => {
    const { out } = await check(`'../sql/broken.sql'`);
    expect(out).toContain('the guard cannot read all SQL of broken.sql');
    expect(out).not.toMatch(/SELEC|inside/);
  });

  it('a data change in an SQL file that PostgreSQL rejects is found without printing the file', async () => {
    project.write('app/sql/broken.sql', "INSERT INTO leads VALUES (1); inside ('inside');");
    const { out } = await check(`'../sql/broken.sql'`);
    expect(out).toContain('INSERT adds rows to leads');
    expect(out).toMatch(/PostgreSQL's parser rejects the SQL\n/);
    expect(out).not.toContain('inside');
  });

  it('that do not exist have the same name in the report wherever the project is', async () => {
    const { out } = await check(`__dirname + '/../sql/gone.sql'`);
    expect(out).toContain('the guard cannot read the SQL text in fs.readFileSync(../sql/gone.sql)');
  });

  it('a link out of the folder of migrations is a problem, and is not followed', async () => {
    await check(`'../sql/fill.sql'`);
    project.link(project.path('secret.sql'), 'app/migrations/1757000000001-linked.sql');
    const { code, out } = await project.run('check', project.path('app/migrations'));
    expect(code).toBe(2);
    expect(out).toContain('a link out of the folder');
    expect(out).not.toMatch(/secret SET|outside/);
  });

  it('a module outside the project is not followed', async () => {
    project.write('outside.js', `exports.fill = (q) => q.query("UPDATE secret SET a = 1");`);
    project.write(
      'app/migrations/1757000000000-example.js',
      `const { fill } = require('../../outside.js');\nexports.Example = class Example extends SchemaMigration {\n  async up(q) { await fill(q); }\n  async down() {}\n};\n`,
    );
    const { out } = await project.run('check', project.path('app/migrations'));
    expect(out).toContain('cannot-decide');
    expect(out).not.toContain('secret SET');
  });
});
