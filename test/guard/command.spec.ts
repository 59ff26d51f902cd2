import { mkdirSync, symlinkSync } from 'node:fs';
import { Project } from './support.ts';

const UPDATE = 'await queryRunner.query(`UPDATE leads SET status = 1`);';

describe('nestjs-backfill-guard check', () => {
  let project: Project;

  beforeEach(() => {
    project = new Project();
  });

  afterEach(() => {
    project.remove();
  });

  it('exits with 0 when no migration changes data', async () => {
    project.migration('await queryRunner.query(`ALTER TABLE leads ADD COLUMN status int`);');
    expect(await project.guard()).toMatchObject({ code: 0, out: '1 migration: no new violation\n' });
  });

  it('exits with 1 for a new violation, and prints the statement, the danger and the code to write instead', async () => {
    project.migration(UPDATE);
    const { code, out } = await project.guard();
    expect(code).toBe(1);
    expect(out).toContain('UPDATE leads SET status = 1');
    expect(out).toContain('Danger');
    expect(out).toContain('implements SetBackfill<Lead>');
  });

  it('exits with 1 for code that it cannot decide', async () => {
    project.migration('await queryRunner.query(process.env.SQL);');
    const { code, out } = await project.guard();
    expect(code).toBe(1);
    expect(out).toContain('process.env.SQL');
  });

  it('exits with 2 for a folder without migrations', async () => {
    mkdirSync(project.path('src/migrations'), { recursive: true });
    expect(await project.guard()).toMatchObject({
      code: 2,
      error: expect.stringContaining('no migration found') as string,
    });
  });

  it('exits with 2 for a path that does not exist', async () => {
    expect(await project.guard()).toMatchObject({
      code: 2,
      error: expect.stringContaining('does not exist') as string,
    });
  });

  it.each([
    ['an unknown option', ['check', '.', '--frobnicate']],
    ['an unknown command', ['gurad', '.']],
    ['a missing path', ['check']],
    ['an unknown format', ['check', '.', '--format', 'xml']],
    ['options that contradict each other', ['check', '.', '--update-baseline', '--strict-baseline']],
    ['--write without extract', ['check', '.', '--write']],
  ])('exits with 2 for %s', async (_what, [command = '', ...args]) => {
    expect(await project.run(command, ...args)).toMatchObject({
      code: 2,
      out: '',
      error: expect.stringContaining('nestjs-backfill-guard: ') as string,
    });
  });

  it('checks a file of nearly 4 MB, whether it has one statement or many', async () => {
    const row = `('${'x'.repeat(980)}')`;
    project.write(
      'src/migrations/1757000000004-seed.sql',
      `INSERT INTO words (word) VALUES\n${`${row},\n`.repeat(3_900)}('end');`,
    );
    project.write(
      'src/migrations/1757000000005-seed.sql',
      `INSERT INTO words (word) VALUES ${row};\n`.repeat(3_900),
    );
    const { code, out } = await project.guard('--format', 'json');
    const { findings } = JSON.parse(out) as { findings: readonly { readonly rule: string }[] };
    expect({ code, found: findings.filter(({ rule }) => rule === 'insert').length }).toEqual({
      code: 1,
      found: 3_901,
    });
  });

  it('follows a folder that links to itself only once', async () => {
    project.migration(UPDATE);
    symlinkSync(project.path('src/migrations'), project.path('src/migrations/again'));
    expect((await project.guard()).out).toContain('1 migration: 1 new violation');
  });

  it('skips the files that --exclude matches', async () => {
    project.migration('');
    project.migration(UPDATE, '1757000000001-seed.ts');
    expect((await project.guard('--exclude', '*-seed.ts')).code).toBe(0);
  });

  it('treats the functions of --dml-helper as helpers that change data', async () => {
    project.migration('await inChunks(queryRunner, `UPDATE leads SET a = 1`);');
    expect((await project.guard('--dml-helper', 'inChunks')).out).toContain('helper-dml');
  });

  it('uses the table sizes of --table-sizes for the severity', async () => {
    project.migration(UPDATE);
    const small = project.write('sizes.json', '{ "leads": 200 }');
    expect((await project.guard('--table-sizes', small)).out).toContain('LOW    update');
    const wrong = project.write('wrong.json', '{ "leads": "huge" }');
    expect(await project.guard('--table-sizes', wrong)).toMatchObject({
      code: 2,
      error: expect.stringContaining('"leads" must be') as string,
    });
  });

  it('prints how long each stage took with --timing', async () => {
    project.migration('');
    expect((await project.guard('--timing')).out).toMatch(
      /1 file in \d+ ms: reading \d+ ms \(\d+ %\), parsing .*, evaluating .*, SQL /,
    );
  });
});
