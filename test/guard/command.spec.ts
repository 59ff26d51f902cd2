import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
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

  describe('its exit code', () => {
    it('is 0 when no migration changes data', async () => {
      project.migration('await queryRunner.query(`ALTER TABLE leads ADD COLUMN status int`);');
      expect(await project.guard()).toMatchObject({ code: 0, out: '1 migration: no new violation\n' });
    });

    it('is 1 for a new violation, with the statement, the danger and the code to write instead', async () => {
      project.migration(UPDATE);
      const { code, out } = await project.guard();
      expect(code).toBe(1);
      expect(out).toContain('UPDATE leads SET status = 1');
      expect(out).toContain('Danger');
      expect(out).toContain('implements SetBackfill<Lead>');
    });

    it('is 1 for what cannot be decided', async () => {
      project.migration('await queryRunner.query(process.env.SQL);');
      const { code, out } = await project.guard();
      expect(code).toBe(1);
      expect(out).toContain('process.env.SQL');
    });

    it('is 2 for a folder with no migrations in it', async () => {
      mkdirSync(project.path('src/migrations'), { recursive: true });
      expect(await project.guard()).toMatchObject({
        code: 2,
        error: expect.stringContaining('no migration found') as string,
      });
    });

    it('is 2 for a path that does not exist', async () => {
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
    ])('is 2 for %s', async (_what, [command = '', ...args]) => {
      expect(await project.run(command, ...args)).toMatchObject({
        code: 2,
        out: '',
        error: expect.stringContaining('nestjs-backfill-guard: ') as string,
      });
    });
  });

  describe('a file that cannot be checked', () => {
    it('is named with the place of a syntax error, exit 2, and the others are checked all the same', async () => {
      project.migration(UPDATE);
      project.write('src/migrations/1757000000001-broken.ts', 'export class Broken {\n  async up( {\n');
      const { code, out } = await project.guard();
      expect(code).toBe(2);
      expect(out).toMatch(/1757000000001-broken\.ts:\d+:\d+: syntax error/);
      expect(out).toContain('UPDATE rewrites rows of leads');
    });

    it('may be nested beyond the stack of the parser, which is said without parsing it', async () => {
      const nested = `${'('.repeat(20_000)}sql${')'.repeat(20_000)}`;
      project.write('src/migrations/1757000000001-deep.ts', `export const deep = ${nested};`);
      expect(await project.guard()).toMatchObject({
        code: 2,
        out: expect.stringContaining('nested deeper than 2000 brackets') as string,
      });
    });

    it('may be a link that leads nowhere', async () => {
      project.migration('');
      symlinkSync(project.path('gone.ts'), project.path('src/migrations/1757000000002-gone.ts'));
      expect(await project.guard()).toMatchObject({
        code: 2,
        out: expect.stringContaining('a link that leads nowhere') as string,
      });
    });

    it('may be a pipe, which is not waited for', async () => {
      project.migration('');
      execFileSync('mkfifo', [project.path('src/migrations/1757000000002-pipe.sql')]);
      expect(await project.guard()).toMatchObject({
        code: 2,
        out: expect.stringContaining('1757000000002-pipe.sql: not a file that can be read') as string,
      });
    });

    it('may be too large, which is said without reading it, with what to do', async () => {
      project.migration('');
      writeFileSync(project.path('src/migrations/1757000000003-huge.sql'), Buffer.alloc(20_000_000, ' '));
      const { code, out } = await project.guard();
      expect(code).toBe(2);
      expect(out).toContain('1757000000003-huge.sql: 20 MB is too large to check (at most 4 MB)');
      expect(out).toContain("leave the file out with `--exclude '1757000000003-huge.sql'`");
      expect((await project.guard('--exclude', '1757000000003-huge.sql')).code).toBe(0);
    });
  });

  it('checks a file of nearly 4 MB in one statement, and one in many', async () => {
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

  it('follows a folder that links back to itself once', async () => {
    project.migration(UPDATE);
    symlinkSync(project.path('src/migrations'), project.path('src/migrations/again'));
    expect((await project.guard()).out).toContain('1 migration: 1 new violation');
  });

  it('leaves out what --exclude names', async () => {
    project.migration('');
    project.migration(UPDATE, '1757000000001-seed.ts');
    expect((await project.guard('--exclude', '*-seed.ts')).code).toBe(0);
  });

  it('knows the helpers that --dml-helper names', async () => {
    project.migration('await inChunks(queryRunner, `UPDATE leads SET a = 1`);');
    expect((await project.guard('--dml-helper', 'inChunks')).out).toContain('helper-dml');
  });

  it('judges by the table sizes that it is given', async () => {
    project.migration(UPDATE);
    const small = project.write('sizes.json', '{ "leads": 200 }');
    expect((await project.guard('--table-sizes', small)).out).toContain('LOW    update');
    const wrong = project.write('wrong.json', '{ "leads": "huge" }');
    expect(await project.guard('--table-sizes', wrong)).toMatchObject({
      code: 2,
      error: expect.stringContaining('"leads" must be') as string,
    });
  });

  it('tells with --timing where the time went', async () => {
    project.migration('');
    expect((await project.guard('--timing')).out).toMatch(
      /1 file in \d+ ms: reading \d+ ms \(\d+ %\), parsing .*, following .*, SQL /,
    );
  });

  it('says that a migration does not extend SchemaMigration', async () => {
    project.write(
      'src/migrations/1757000000000-a.ts',
      'export class A implements MigrationInterface { async up() {} async down() {} }',
    );
    expect((await project.guard()).out).toContain('A does not extend SchemaMigration');
  });

  it('only notes a comment that announces a backfill', async () => {
    project.migration('// backfill all leads here');
    expect(await project.guard()).toMatchObject({
      code: 0,
      out: expect.stringContaining('note backfill-comment') as string,
    });
  });

  it('does not note a comment that names the backfill which does the work', async () => {
    project.migration('// the rows are filled by the backfill `leads-status`');
    expect((await project.guard()).out).toBe('1 migration: no new violation\n');
  });

  it.each([
    ['the name of this library', '// kept in nestjs-backfill-baseline.json'],
    ['a backfill that has to be complete first', '// until the backfill is proved complete, this one waits'],
  ])('does not note %s in a comment', async (_what, comment) => {
    project.migration(comment);
    expect((await project.guard()).out).toBe('1 migration: no new violation\n');
  });

  describe('a comment that suppresses', () => {
    it('works on the line below it, with a reason', async () => {
      project.migration(`// nestjs-backfill-ignore update: four rows, agreed with Ann\n${UPDATE}`);
      expect(await project.guard()).toMatchObject({
        code: 0,
        out: '1 migration: no new violation, 1 suppressed\n',
      });
    });

    it('works for a statement of several lines', async () => {
      project.migration(
        '// nestjs-backfill-ignore update: four rows\nawait queryRunner.query(`\n  UPDATE leads\n  SET a = 1\n`);',
      );
      expect((await project.guard()).code).toBe(0);
    });

    it('works in an SQL file', async () => {
      project.write(
        'src/migrations/1.sql',
        'ALTER TABLE a ADD b int;\n-- nestjs-backfill-ignore update: four rows\nUPDATE a SET b = 1;',
      );
      expect((await project.guard()).code).toBe(0);
    });

    it('is void without a reason', async () => {
      project.migration(`// nestjs-backfill-ignore update\n${UPDATE}`);
      expect(await project.guard()).toMatchObject({
        code: 1,
        out: expect.stringContaining('has no reason') as string,
      });
    });

    it.each([
      ['* names all rules', '*: we know', 'would let everything through'],
      ['all names all rules', 'all: we know', 'would let everything through'],
      ['no rule is named', ': we know', 'would let everything through'],
      ['the rule does not exist', 'updates: we know', 'names no rule of the guard'],
      ['two rules are named', 'update, delete: we know', 'one comment a rule'],
    ])('is void when %s, and says what to write instead', async (_when, words, message) => {
      project.migration(`// nestjs-backfill-ignore ${words}\n${UPDATE}`);
      const { code, out } = await project.guard();
      expect({ code, said: out.replace(/\s+/g, ' ') }).toEqual({
        code: 1,
        said: expect.stringContaining(message) as string,
      });
      expect(out).toContain('name the rule that the finding names');
    });

    it('stands once for each rule of a line', async () => {
      project.migration(
        '// nestjs-backfill-ignore update: four rows\n// nestjs-backfill-ignore delete: four rows\nawait queryRunner.query(`UPDATE leads SET a = 1; DELETE FROM plans`);',
      );
      expect((await project.guard()).code).toBe(0);
    });

    it('does not reach other rules or other lines', async () => {
      project.migration(`// nestjs-backfill-ignore delete: no\n${UPDATE}\n${UPDATE}`);
      expect((await project.guard()).code).toBe(1);
    });

    it('is reported when it suppresses nothing any more, which fails the strict check', async () => {
      project.migration(
        '// nestjs-backfill-ignore update: once needed\nawait queryRunner.query(`SELECT 1`);',
      );
      expect(await project.guard()).toMatchObject({
        code: 0,
        out: expect.stringContaining('suppresses nothing any more') as string,
      });
      expect((await project.guard('--strict-baseline')).code).toBe(1);
    });
  });

  describe('the baseline', () => {
    it('grandfathers what it holds, with the count by severity', async () => {
      project.migration(UPDATE);
      expect(await project.guard('--update-baseline')).toMatchObject({
        code: 0,
        out: expect.stringContaining('1 grandfathered violation (1 HIGH, 0 MEDIUM, 0 LOW)') as string,
      });
      expect(await project.guard()).toMatchObject({
        code: 0,
        out: '1 migration: no new violation, 1 grandfathered\n',
      });
    });

    it('does not mind formatting, comments and line numbers', async () => {
      project.migration(UPDATE);
      await project.guard('--update-baseline');
      project.migration(
        '\n\n// moved\nawait queryRunner.query(`\n  update LEADS\n  set  status = 1 -- all\n`);',
      );
      expect((await project.guard('--strict-baseline')).code).toBe(0);
    });

    it('takes a changed statement for a new violation, and the old entry for a stale one', async () => {
      project.migration(UPDATE);
      await project.guard('--update-baseline');
      project.migration(UPDATE.replace('status = 1', 'status = 2'));
      const { code, out } = await project.guard();
      expect(code).toBe(1);
      expect(out).toContain('stale src/migrations/1757000000000-example.ts: update');
    });

    it('fails the strict check when an entry is stale', async () => {
      project.migration(UPDATE);
      await project.guard('--update-baseline');
      project.migration('');
      expect((await project.guard()).code).toBe(0);
      expect((await project.guard('--strict-baseline')).code).toBe(1);
    });

    it('grandfathers a statement once, not every copy of it', async () => {
      project.migration(UPDATE);
      await project.guard('--update-baseline');
      project.migration(`${UPDATE}\n${UPDATE}`);
      expect((await project.guard()).out).toContain('1 new violation, 1 grandfathered');
    });

    it('remembers how many there were at first', async () => {
      project.migration(`${UPDATE}\nawait queryRunner.query(\`DELETE FROM calls\`);`);
      await project.guard('--update-baseline');
      project.migration(UPDATE);
      await project.guard('--update-baseline');
      expect(JSON.parse(readFileSync(project.path('baseline.json'), 'utf8'))).toMatchObject({
        initial: 2,
        entries: [{ rule: 'update' }],
      });
    });

    it('is not stale for files that were not asked for, and keeps their entries', async () => {
      const first = project.migration(UPDATE);
      await project.guard('--update-baseline');
      const second = project.migration(UPDATE, '1757000000001-second.ts');
      const baseline = ['--baseline', project.path('baseline.json')];
      expect((await project.run('check', first, ...baseline, '--strict-baseline')).code).toBe(0);
      expect((await project.run('check', second, ...baseline)).out).not.toContain('stale');
      await project.run('check', second, ...baseline, '--update-baseline');
      expect((await project.guard('--strict-baseline')).out).toBe(
        '2 migrations: no new violation, 2 grandfathered\n',
      );
    });

    it('is not written while a file cannot be checked', async () => {
      project.write('src/migrations/1757000000001-broken.ts', 'class {');
      expect((await project.guard('--update-baseline')).code).toBe(2);
    });

    it.each([
      ['not JSON', '{ entries', 'not JSON'],
      ['of a newer format', '{ "format": 99, "entries": [] }', 'is newer than this version reads'],
      ['not a baseline', '[]', 'it has no "format"'],
      ['damaged', '{ "format": 1, "entries": [{ "rule": "update" }] }', 'entry 1 is not one'],
    ])('that is %s ends the check with exit 2', async (_what, text, message) => {
      project.migration('');
      project.write('baseline.json', text);
      const { code, error } = await project.guard();
      expect(code).toBe(2);
      expect(error).toContain(message);
      expect(error).toContain('baseline.json');
    });
  });
});
