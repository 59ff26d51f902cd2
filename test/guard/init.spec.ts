import { existsSync, readFileSync, rmSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { parse } from 'yaml';
import { Project } from './support.ts';

describe('nestjs-backfill-guard init', () => {
  const home = process.cwd();
  let project: Project;

  beforeEach(() => {
    project = new Project();
    project.migration(
      "await queryRunner.query(`UPDATE leads SET status = 'x'`);\nawait queryRunner.query(`CREATE INDEX i ON leads (status)`);",
    );
    for (const stamp of ['1757000000001', '1757000000002', '1757000000003', '1757000000004'])
      project.write(
        `src/migrations/${stamp}-plain.ts`,
        `export class Plain${stamp} { async up(queryRunner) { await queryRunner.query('SELECT 1'); } async down() {} }`,
      );
    process.chdir(project.root);
  });

  afterEach(() => {
    process.chdir(home);
    project.remove();
  });

  const read = (path: string): string => readFileSync(project.path(path), 'utf8');

  it('finds the migrations, says what they do, and writes a baseline with which the check passes', async () => {
    const { out } = await project.run('init');
    expect(out).toContain(
      '5 migrations in src/migrations: 1 data change, 0 undecided, 1 dangerous lock, 4 without SchemaMigration',
    );
    expect(out).toContain('written: nestjs-backfill-baseline.json');
    expect((await project.run('check', 'src/migrations')).code).toBe(0);
  });

  it.each(['db/Migrations', 'src/_migrations', 'src/database/migration/postgres'])(
    'finds the migrations in %s',
    async (folder) => {
      rmSync(project.path('src/migrations'), { recursive: true });
      project.write(`${folder}/1757000000000-a.sql`, 'SELECT 1;');
      expect((await project.run('init')).out).toContain(`1 migration in ${folder}:`);
    },
  );

  it('keeps a baseline that exists', async () => {
    project.write('nestjs-backfill-baseline.json', '{ "format": 1, "entries": [] }');
    expect((await project.run('init')).out).toContain('kept:    nestjs-backfill-baseline.json');
    expect(read('nestjs-backfill-baseline.json')).toBe('{ "format": 1, "entries": [] }');
  });

  it('adds the plugin to the list of an ESLint configuration, once', async () => {
    project.write(
      'eslint.config.js',
      "import js from '@eslint/js';\n\nexport default [\n  js.configs.recommended,\n];\n",
    );
    await project.run('init');
    await project.run('init');
    expect(read('eslint.config.js')).toBe(
      "import backfill from 'nestjs-backfill-guard/eslint';\nimport js from '@eslint/js';\n\nexport default [\n  backfill.configs.recommended,\n  js.configs.recommended,\n];\n",
    );
  });

  it.each([
    [
      'a comment that must stay first',
      "// @ts-check\nimport js from '@eslint/js';\nexport default tseslint.config(\n  js.configs.recommended,\n);\n",
      "// @ts-check\nimport backfill from 'nestjs-backfill-guard/eslint';\nimport js from '@eslint/js';\nexport default tseslint.config(\n  backfill.configs.recommended,\n  js.configs.recommended,\n);\n",
    ],
    [
      'a list on one line',
      "import js from '@eslint/js';\nexport default [js.configs.recommended];\n",
      "import backfill from 'nestjs-backfill-guard/eslint';\nimport js from '@eslint/js';\nexport default [backfill.configs.recommended, js.configs.recommended];\n",
    ],
  ])('keeps the form of an ESLint configuration with %s', async (_form, before, after) => {
    project.write('eslint.config.mjs', before);
    await project.run('init');
    expect(read('eslint.config.mjs')).toBe(after);
  });

  it.each([
    [
      'eslint.config.cjs',
      'module.exports = [];\n',
      "eslint.config.cjs: const backfill = require('nestjs-backfill-guard/eslint')",
    ],
    ['.eslintrc.json', '{}', '.eslintrc.json: the plugin needs the flat configuration'],
  ])('shows what to add to %s by hand', async (path, text, expected) => {
    project.write(path, text);
    expect((await project.run('init')).out).toContain(`to do:   ${expected}`);
    expect(read(path)).toBe(text);
  });

  it('writes the workflow of GitHub for a package into the root of its repository', async () => {
    project.write('.git/config', '[remote "origin"]\n\turl = git@github.com:acme/crm.git\n');
    project.write('pnpm-lock.yaml', '');
    project.write('apps/api/src/db/migrations/1757000000000-a.sql', 'SELECT 1;');
    process.chdir(project.path('apps/api'));
    const { out } = await project.run('init');
    expect(out).toContain('written: ../../.github/workflows/migrations.yml');
    const { on, jobs } = parse(read('.github/workflows/migrations.yml')) as {
      on: { pull_request: { paths: string[] } };
      jobs: { check: { steps: { run?: string; 'working-directory'?: string }[] } };
    };
    expect(on.pull_request.paths).toEqual(['apps/api/src/db/migrations/**']);
    expect(jobs.check.steps.slice(-2)).toEqual([
      { run: 'corepack enable && pnpm install --frozen-lockfile' },
      {
        run: 'npx nestjs-backfill-guard check src/db/migrations --format github',
        'working-directory': 'apps/api',
      },
    ]);
  });

  it('writes a workflow of GitHub that checks the migrations, and keeps one that exists', async () => {
    expect((await project.run('init')).out).not.toContain('workflows');
    project.write('.github/CODEOWNERS', '');
    await project.run('init');
    const workflow = parse(read('.github/workflows/migrations.yml')) as {
      jobs: { check: { steps: { run?: string }[] } };
    };
    expect(workflow.jobs.check.steps.at(-1)?.run).toBe(
      'npx nestjs-backfill-guard check src/migrations --format github',
    );
    project.write('.github/workflows/migrations.yml', 'mine');
    await project.run('init');
    expect(read('.github/workflows/migrations.yml')).toBe('mine');
  });

  it('shows the lines for GitLab and for pre-commit hooks, and changes none of their files', async () => {
    for (const file of ['.gitlab-ci.yml', '.husky/pre-commit', '.pre-commit-config.yaml'])
      project.write(file, '');
    const { out } = await project.run('init');
    expect(out).toMatch(/\.gitlab-ci\.yml: add\n {4}migrations:/);
    expect(out).toContain(
      '.husky/pre-commit: add npx nestjs-backfill-guard check src/migrations --strict-baseline',
    );
    expect(out).toContain('entry: npx nestjs-backfill-guard check src/migrations');
    expect(read('.gitlab-ci.yml')).toBe('');
  });

  it('fails in a project without migrations', async () => {
    const empty = new Project();
    process.chdir(empty.root);
    expect(await empty.run('init')).toMatchObject({
      code: 2,
      error: expect.stringContaining('no migration found') as string,
    });
    empty.remove();
  });

  it('shows many migrations without SchemaMigration as one entry behind the data changes', async () => {
    const { out } = await project.run('check', 'src/migrations');
    expect(out).toContain('4 migrations do not extend SchemaMigration (not-schema-migration, LOW)');
    expect(out.indexOf('UPDATE rewrites rows of leads')).toBeLessThan(
      out.indexOf('4 migrations do not extend'),
    );
    expect(out).not.toContain('Plain1757000000002 does not extend');
  });
});

describe('the GitHub Action', () => {
  const action = parse(readFileSync('action.yml', 'utf8')) as {
    runs: { steps: { run: string; env: Record<string, string> }[] };
  };

  it('runs the check on its paths with its arguments, which cannot become code of the shell', () => {
    const project = new Project();
    project.write('bin/npx', '#!/bin/sh\nprintf "%s|" "$@"\n');
    execFileSync('chmod', ['+x', project.path('bin/npx')]);
    const [step] = action.runs.steps;
    const out = execFileSync('bash', ['-c', step?.run ?? ''], {
      env: {
        PATH: `${project.path('bin')}:${process.env['PATH'] ?? ''}`,
        GUARD_PATHS: 'a b',
        GUARD_ARGUMENTS: '--strict-baseline $(touch /tmp/never)',
      },
    }).toString();
    expect(out).toBe(
      '--no|nestjs-backfill-guard|check|a|b|--format|github|--strict-baseline|$(touch|/tmp/never)|',
    );
    expect(existsSync('/tmp/never')).toBe(false);
    expect(step?.run).not.toContain('${{');
    project.remove();
  });
});
