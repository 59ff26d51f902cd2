import { Project } from './support.ts';

const UPDATE = 'await queryRunner.query(`UPDATE leads SET status = 1`);';

describe('a comment that suppresses a finding', () => {
  let project: Project;

  beforeEach(() => {
    project = new Project();
  });

  afterEach(() => {
    project.remove();
  });

  it('applies to the line below it if it has a reason', async () => {
    project.migration(`// nestjs-backfill-ignore update: four rows, agreed with Ann\n${UPDATE}`);
    expect(await project.guard()).toMatchObject({
      code: 0,
      out: '1 migration: no new violation, 1 suppressed\n',
    });
  });

  it('applies to a statement of several lines', async () => {
    project.migration(
      '// nestjs-backfill-ignore update: four rows\nawait queryRunner.query(`\n  UPDATE leads\n  SET a = 1\n`);',
    );
    expect((await project.guard()).code).toBe(0);
  });

  it('applies in an SQL file', async () => {
    project.write(
      'src/migrations/1.sql',
      'ALTER TABLE a ADD b int;\n-- nestjs-backfill-ignore update: four rows\nUPDATE a SET b = 1;',
    );
    expect((await project.guard()).code).toBe(0);
  });

  it('suppresses nothing without a reason', async () => {
    project.migration(`// nestjs-backfill-ignore update\n${UPDATE}`);
    expect(await project.guard()).toMatchObject({
      code: 1,
      out: expect.stringContaining('it has no reason') as string,
    });
  });

  it.each([
    ['* names all rules', '*: we know', 'it does not name a rule'],
    ['all names all rules', 'all: we know', 'it does not name a rule'],
    ['no rule is named', ': we know', 'it does not name a rule'],
    ['the rule does not exist', 'updates: we know', 'the guard has no rule of this name'],
    ['two rules are named', 'update, delete: we know', 'one comment for each rule'],
  ])('suppresses nothing when %s, and the report shows what to write', async (_when, words, message) => {
    project.migration(`// nestjs-backfill-ignore ${words}\n${UPDATE}`);
    const { code, out } = await project.guard();
    expect({ code, report: out.replace(/\s+/g, ' ') }).toEqual({
      code: 1,
      report: expect.stringContaining(message) as string,
    });
    expect(out).toContain('`nestjs-backfill-ignore update: <reason>`');
  });

  it('is written once for each rule of a line', async () => {
    project.migration(
      '// nestjs-backfill-ignore update: four rows\n// nestjs-backfill-ignore delete: four rows\nawait queryRunner.query(`UPDATE leads SET a = 1; DELETE FROM plans`);',
    );
    expect((await project.guard()).code).toBe(0);
  });

  it('does not apply to other rules or other lines', async () => {
    project.migration(`// nestjs-backfill-ignore delete: no\n${UPDATE}\n${UPDATE}`);
    expect((await project.guard()).code).toBe(1);
  });

  it('is reported when no finding matches it, and fails the strict check', async () => {
    project.migration('// nestjs-backfill-ignore update: once needed\nawait queryRunner.query(`SELECT 1`);');
    expect(await project.guard()).toMatchObject({
      code: 0,
      out: expect.stringContaining('no finding matches it') as string,
    });
    expect((await project.guard('--strict-baseline')).code).toBe(1);
  });
});
