import { Project } from './support.ts';

describe('the findings about a whole migration', () => {
  let project: Project;

  beforeEach(() => {
    project = new Project();
  });

  afterEach(() => {
    project.remove();
  });

  it('report a migration that does not extend SchemaMigration', async () => {
    project.write(
      'src/migrations/1757000000000-a.ts',
      'export class A implements MigrationInterface { async up() {} async down() {} }',
    );
    expect((await project.guard()).out).toContain('A does not extend SchemaMigration');
  });

  it('note a comment that announces a backfill, and do not fail the check', async () => {
    project.migration('// backfill all leads here');
    expect(await project.guard()).toMatchObject({
      code: 0,
      out: expect.stringContaining('note backfill-comment') as string,
    });
  });

  it('do not note a comment that names the backfill which fills the rows', async () => {
    project.migration('// the rows are filled by the backfill `leads-status`');
    expect((await project.guard()).out).toBe('1 migration: no new violation\n');
  });

  it.each([
    ['the name of this library', '// kept in nestjs-backfill-baseline.json'],
    ['a backfill that must be complete first', '// until the backfill is proved complete, this one waits'],
  ])('do not note %s in a comment', async (_what, comment) => {
    project.migration(comment);
    expect((await project.guard()).out).toBe('1 migration: no new violation\n');
  });
});
