import { execFileSync } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import { Project } from './support.ts';

const UPDATE = 'await queryRunner.query(`UPDATE leads SET status = 1`);';

describe('a file that the guard cannot check', () => {
  let project: Project;

  beforeEach(() => {
    project = new Project();
  });

  afterEach(() => {
    project.remove();
  });

  it('with a syntax error is reported with its position and exit code 2, and the other files are checked', async () => {
    project.migration(UPDATE);
    project.write('src/migrations/1757000000001-broken.ts', 'export class Broken {\n  async up( {\n');
    const { code, out } = await project.guard();
    expect(code).toBe(2);
    expect(out).toMatch(/1757000000001-broken\.ts:\d+:\d+: syntax error/);
    expect(out).toContain('UPDATE rewrites rows of leads');
  });

  it('with code nested too deeply for the parser is reported without parsing it', async () => {
    const nested = `${'('.repeat(20_000)}sql${')'.repeat(20_000)}`;
    project.write('src/migrations/1757000000001-deep.ts', `export const deep = ${nested};`);
    expect(await project.guard()).toMatchObject({
      code: 2,
      out: expect.stringContaining('nested deeper than 2000 brackets') as string,
    });
  });

  it('can be a broken symbolic link', async () => {
    project.migration('');
    symlinkSync(project.path('gone.ts'), project.path('src/migrations/1757000000002-gone.ts'));
    expect(await project.guard()).toMatchObject({
      code: 2,
      out: expect.stringContaining('a link that leads nowhere') as string,
    });
  });

  it('can be a pipe, for which the guard does not wait', async () => {
    project.migration('');
    execFileSync('mkfifo', [project.path('src/migrations/1757000000002-pipe.sql')]);
    expect(await project.guard()).toMatchObject({
      code: 2,
      out: expect.stringContaining('1757000000002-pipe.sql: not a file that can be read') as string,
    });
  });

  it('that is too large is reported without reading it, with the remedy', async () => {
    project.migration('');
    writeFileSync(project.path('src/migrations/1757000000003-huge.sql'), Buffer.alloc(20_000_000, ' '));
    const { code, out } = await project.guard();
    expect(code).toBe(2);
    expect(out).toContain('1757000000003-huge.sql: the file has 20 MB, and the guard reads at most 4 MB');
    expect(out).toContain("exclude it with `--exclude '1757000000003-huge.sql'`");
    expect((await project.guard('--exclude', '1757000000003-huge.sql')).code).toBe(0);
  });

  it('with SQL that PostgreSQL rejects is a violation by the first word of the SQL, with its table and the error', async () => {
    project.migration('');
    project.write('src/migrations/1757000000005-seed.sql', "INSERT INTO app.areas (id) VALUES (1); ('a');");
    const { out } = await project.guard();
    expect(out).toContain('INSERT adds rows to app.areas');
    expect(out).toContain("PostgreSQL's parser rejects the SQL: syntax error at or near \"'a'\"");
    expect(out).not.toContain('built at run time');
  });

  it('or any other file may have control characters in its name and its text, which are escaped', async () => {
    const evil = '1757000000004-\u001b[2J\u001b[31mevil\u202e.ts';
    project.migration(UPDATE.replace('leads', '"\u001b[2Jleads"'), evil);
    project.write(`src/migrations/broken-${evil}`, 'export class {');
    const commands = [
      await project.guard(),
      await project.guard('--format', 'github'),
      await project.guard('--update-baseline'),
      await project.run('fix', project.path(`src/migrations/${evil}`)),
      await project.run('extract', project.path(`src/migrations/${evil}`)),
    ];
    const output = commands.map(({ out, error }) => out + error).join('');
    expect(output).toContain('1757000000004-\\u001b[2J\\u001b[31mevil\\u202e.ts');
    // eslint-disable-next-line no-control-regex -- the control characters are what it is about
    expect(output).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/);
  });
});
