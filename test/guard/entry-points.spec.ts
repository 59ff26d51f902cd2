import { readFileSync } from 'node:fs';
import { ESLint } from 'eslint';
import plugin from '../../libs/guard/src/eslint/plugin.ts';
import { DataInMigrationsError, expectSchemaOnly } from '../../libs/guard/src/testing/index.ts';
import { NoMigrationsError } from '../../libs/guard/src/guard.error.ts';
import { Project } from './support.ts';

describe('the guard in tests and editors', () => {
  let project: Project;

  beforeEach(() => {
    project = new Project();
  });

  afterEach(() => {
    project.remove();
  });

  it('expectSchemaOnly passes migrations that only change the schema', async () => {
    project.migration('await queryRunner.query(`ALTER TABLE leads ADD a int`);');
    await expect(expectSchemaOnly(project.path('src/migrations'))).resolves.toBeUndefined();
  });

  it('expectSchemaOnly fails with the report', async () => {
    project.migration('await queryRunner.query(`UPDATE leads SET a = 1`);');
    const failure = expectSchemaOnly([project.path('src/migrations')]);
    await expect(failure).rejects.toThrow(DataInMigrationsError);
    await expect(failure).rejects.toThrow('UPDATE rewrites rows of leads');
  });

  it('expectSchemaOnly fails for an empty folder and for a file that cannot be read', async () => {
    project.write('src/migrations/readme.txt', '');
    await expect(expectSchemaOnly(project.path('src/migrations'))).rejects.toThrow(NoMigrationsError);
    project.write('src/migrations/1757000000000-a.ts', 'class {');
    await expect(expectSchemaOnly(project.path('src/migrations'))).rejects.toThrow('could not be checked');
  });

  it('expectSchemaOnly uses the baseline', async () => {
    project.migration('await queryRunner.query(`UPDATE leads SET a = 1`);');
    await project.guard('--update-baseline');
    await expect(
      expectSchemaOnly(project.path('src/migrations'), { baseline: project.path('baseline.json') }),
    ).resolves.toBeUndefined();
  });

  it('the ESLint plugin and the command have the version of the package', async () => {
    const { version } = JSON.parse(readFileSync('libs/guard/package.json', 'utf8')) as { version: string };
    expect(plugin.meta.version).toBe(version);
    expect((await project.run('--version')).out).toBe(`${version}\n`);
  });

  it('the ESLint plugin reports the same rules at the same positions as the command', async () => {
    const file = project.migration(
      '    await queryRunner.query(`UPDATE leads SET a = 1`);\n    await queryRunner.query(process.env.SQL);',
      '1757000000000-a.js',
    );
    const eslint = new ESLint({
      cwd: project.root,
      overrideConfigFile: true,
      overrideConfig: [plugin.configs.recommended],
    });
    const [result] = await eslint.lintFiles([file]);
    const reported = result?.messages.map(({ ruleId, line, column, endColumn }) => ({
      rule: ruleId?.replace('nestjs-backfill/', ''),
      line,
      column,
      endColumn,
    }));
    const { findings } = JSON.parse((await project.guard('--format', 'json')).out) as {
      findings: { rule: string; line: number; column: number; endColumn: number }[];
    };
    expect(reported).toEqual(
      findings.map(({ rule, line, column, endColumn }) => ({ rule, line, column, endColumn })),
    );
    expect(reported?.map(({ rule }) => rule)).toEqual(['update', 'cannot-decide']);
  });
});
