import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Project } from './support.ts';

const LIBRARY = join(import.meta.dirname, '../../libs/guard/dist/testing/index.js');

const VITEST = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');

/** The part of Vitest's JSON report that the tests read. */
interface VitestReport {
  readonly testResults: readonly [
    { readonly assertionResults: readonly [{ readonly status: string; readonly failureMessages: string[] }] },
  ];
}

describe('expectSchemaOnly under Vitest', () => {
  let project: Project;

  beforeEach(() => {
    project = new Project();
    project.write('package.json', '{ "type": "module" }');
    project.write(
      'migrations.test.ts',
      `import { expect, it } from 'vitest';
import { expectSchemaOnly } from ${JSON.stringify(LIBRARY)};

it('keeps data changes out of migrations', async () => {
  await expect(expectSchemaOnly('src/migrations')).resolves.toBeUndefined();
});

it('needs no expect around it', () => expectSchemaOnly('src/migrations'));
`,
    );
    project.write('node_modules/.keep', '');
    project.link(dirname(VITEST), 'node_modules/vitest');
  });

  afterEach(() => {
    project.remove();
  });

  it('passes migrations that only change the schema', async () => {
    project.migration('await queryRunner.query(`ALTER TABLE leads ADD a int`);');
    expect(await vitest(project)).toEqual({ code: 0, statuses: ['passed', 'passed'], messages: '' });
  });

  it('fails for a data change with the report as its message', async () => {
    project.migration('await queryRunner.query(`UPDATE leads SET a = 1`);');
    expect(await vitest(project)).toEqual({
      code: 1,
      statuses: ['failed', 'failed'],
      messages: expect.stringContaining('UPDATE rewrites rows of leads') as string,
    });
  });
});

async function vitest(project: Project): Promise<{ code: number; statuses: string[]; messages: string }> {
  const { code, stdout } = await promisify(execFile)(
    process.execPath,
    [VITEST, 'run', '--reporter', 'json', '--root', project.root],
    { cwd: project.root, env: vitestEnvironment() },
  ).then(
    ({ stdout }) => ({ code: 0, stdout }),
    (error: { code: number; stdout: string }) => error,
  );
  const [{ assertionResults }] = (JSON.parse(stdout) as VitestReport).testResults;
  return {
    code,
    statuses: assertionResults.map(({ status }) => status),
    messages: assertionResults.flatMap(({ failureMessages }) => failureMessages).join('\n'),
  };
}

/** The environment without Jest's variables, which would confuse Vitest. */
function vitestEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(?:JEST_|NODE_OPTIONS$|NODE_ENV$)/.test(name)),
  );
}
