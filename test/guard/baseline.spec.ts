import { readFileSync } from 'node:fs';
import { Project } from './support.ts';

const UPDATE = 'await queryRunner.query(`UPDATE leads SET status = 1`);';

describe('the baseline', () => {
  let project: Project;

  beforeEach(() => {
    project = new Project();
  });

  afterEach(() => {
    project.remove();
  });

  it('grandfathers its entries, and counts them by severity', async () => {
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

  it('ignores changes of formatting, comments and line numbers', async () => {
    project.migration(UPDATE);
    await project.guard('--update-baseline');
    project.migration(
      '\n\n// moved\nawait queryRunner.query(`\n  update LEADS\n  set  status = 1 -- all\n`);',
    );
    expect((await project.guard('--strict-baseline')).code).toBe(0);
  });

  it('reports a changed statement as a new violation, and the old entry as stale', async () => {
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

  it('grandfathers a statement once, and not its copies', async () => {
    project.migration(UPDATE);
    await project.guard('--update-baseline');
    project.migration(`${UPDATE}\n${UPDATE}`);
    expect((await project.guard()).out).toContain('1 new violation, 1 grandfathered');
  });

  it('keeps the initial number of entries', async () => {
    project.migration(`${UPDATE}\nawait queryRunner.query(\`DELETE FROM calls\`);`);
    await project.guard('--update-baseline');
    project.migration(UPDATE);
    await project.guard('--update-baseline');
    expect(JSON.parse(readFileSync(project.path('baseline.json'), 'utf8'))).toMatchObject({
      initial: 2,
      entries: [{ rule: 'update' }],
    });
  });

  it('keeps the entries of files outside the check, and does not report them as stale', async () => {
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

  it('is not written when a file cannot be checked', async () => {
    project.write('src/migrations/1757000000001-broken.ts', 'class {');
    expect((await project.guard('--update-baseline')).code).toBe(2);
  });

  it.each([
    ['not JSON', '{ entries', 'not JSON'],
    [
      'of a newer format',
      '{ "format": 99, "entries": [] }',
      'is newer than the format that this version reads',
    ],
    ['not a baseline', '[]', 'it has no "format"'],
    ['damaged', '{ "format": 1, "entries": [{ "rule": "update" }] }', 'entry 1 is not valid'],
  ])('ends the check with exit code 2 when it is %s', async (_what, text, message) => {
    project.migration('');
    project.write('baseline.json', text);
    const { code, error } = await project.guard();
    expect(code).toBe(2);
    expect(error).toContain(message);
    expect(error).toContain('baseline.json');
  });
});
