import { parse } from 'yaml';
import { readmeBlocks, type ReadmeBlock } from '../support/applications/readme.ts';
import { ReadmeApplication } from '../support/applications/readme-application.ts';
import { BEFORE, moduleOf } from '../support/applications/recipes.ts';
import { TestDatabase } from '../support/server/database.ts';
import { createCrm } from '../support/tables/crm.ts';

interface Workflow {
  readonly jobs: Readonly<Record<string, { readonly steps: readonly { readonly run?: string }[] }>>;
}

/** A contract migration that requires the backfill of the page about duplicates. */
const CONTRACT = `import { SchemaMigration } from 'nestjs-backfill';
import type { QueryRunner } from 'typeorm';

export class SubscribersContract1757000000001 extends SchemaMigration {
  static override readonly requires = ['subscribers-duplicates'];
  static override readonly onIncomplete = 'defer';
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query("COMMENT ON TABLE subscribers IS 'without duplicates'");
  }
  async down(): Promise<void> {}
}
`;

describe('the workflow of GitHub Actions', () => {
  let application: ReadmeApplication;
  let database: TestDatabase;
  const [block] = readmeBlocks('docs/recipes/github-actions.md').filter(
    ({ language }) => language === 'yaml',
  );
  const workflow = parse(block?.text ?? '') as Workflow;
  /** Commands of npm, and what stands for them: the application of this test has no lock file and no tests. */
  const STAND_INS: Readonly<Record<string, string>> = {
    'npm ci': 'true',
    'npm test': 'true',
    'npm ci && npm run build': 'tsc -p tsconfig.json',
  };

  beforeAll(async () => {
    application = ReadmeApplication.create();
    for (const { language, title, text } of readmeBlocks('docs/recipes/int-to-bigint.md'))
      if (language === 'ts' && title) application.write(title.replace('/recipes/', '/migrations/'), text);
    const blocks = readmeBlocks('docs/recipes/int-to-bigint.md').map((each) => ({
      ...each,
      ...(each.title ? { title: each.title.replace('/recipes/', '/migrations/') } : {}),
    }));
    application.write('src/app.module.ts', moduleOf(blocks));
    database = await TestDatabase.create();
    await createCrm(database);
    await database.query(BEFORE);
  });
  afterAll(async () => {
    await database?.drop();
    application?.remove();
  });

  it('checks the migrations, migrates, builds the indexes and runs the backfills, as its steps say', async () => {
    const commands = Object.values(workflow.jobs).flatMap(({ steps }) =>
      steps.flatMap(({ run }) => run ?? []),
    );
    expect(commands.filter((command) => /nestjs-backfill|dist\/main/.test(command))).toHaveLength(3);
    for (const command of commands) {
      const result = await application.run(STAND_INS[command] ?? command, { DATABASE_URL: database.url });
      const { code, stdout, stderr } = result;
      expect(code === 0 ? '' : `${command}\n${stdout}${stderr}`).toBe('');
    }
    expect(await database.query('SELECT count(*)::int FROM events WHERE big_id = id')).toEqual([
      { count: 500 },
    ]);
  });

  it('deploys after the checks only, one deployment at a time', () => {
    expect(workflow.jobs['deploy']).toMatchObject({ needs: 'check', concurrency: 'production' });
  });
});

describe('the recipe of a removed backfill', () => {
  let application: ReadmeApplication;
  let database: TestDatabase;
  const page = readmeBlocks('docs/recipes/duplicates.md');
  const run = async (command: string) => {
    const { code, stdout, stderr } = await application.run(command, { DATABASE_URL: database.url });
    expect({ command, code, output: code === 0 ? '' : stdout + stderr }).toEqual({
      command,
      code: 0,
      output: '',
    });
    return stdout;
  };

  beforeAll(async () => {
    application = ReadmeApplication.create();
    for (const { language, title, text } of page)
      if (language === 'ts' && title) application.write(title, text);
    application.write('src/recipes/contract.ts', CONTRACT);
    application.write(
      'src/app.module.ts',
      moduleOf([...page, { language: 'ts', title: 'src/recipes/contract.ts', text: CONTRACT }]),
    );
    database = await TestDatabase.create();
    await createCrm(database);
    await database.query(BEFORE);
  });
  afterAll(async () => {
    await database?.drop();
    application?.remove();
  });

  it('removes it where it is complete, keeps its record, lists its index, and migrates a new database', async () => {
    await run('tsc -p tsconfig.json');
    await run('node dist/main.js --deploy');
    await run('node dist/main.js --deploy --strict');
    // The class, its index and its entry in the module are gone; a migration still requires the backfill.
    const entity = (page.find(({ title }) => title)?.text ?? '')
      .replace(/@OnlineIndex[\s\S]*$/, '')
      .replace(/import [^\n]*'nestjs-backfill';\n/, '');
    application.write('src/recipes/subscribers.backfill.ts', entity);
    const left: ReadmeBlock = { language: 'ts', title: 'src/recipes/subscribers.backfill.ts', text: entity };
    const contract: ReadmeBlock = { language: 'ts', title: 'src/recipes/contract.ts', text: CONTRACT };
    const module = moduleOf([left, contract]).replace(
      'BackfillModule.forRoot()',
      `BackfillModule.forRoot({ retired: ['subscribers-duplicates'] })`,
    );
    application.write('src/app.module.ts', module);
    await run('tsc -p tsconfig.json');
    await run('node dist/main.js --deploy');
    expect(await run('node dist/main.js --status')).toMatch(/subscribers_email_key/);
    expect(
      await database.query(
        `SELECT status FROM nestjs_backfill.backfill WHERE name = 'subscribers-duplicates'`,
      ),
    ).toEqual([{ status: 'complete' }]);
    const fresh = await TestDatabase.create();
    try {
      await createCrm(fresh);
      await fresh.query(BEFORE);
      const { code } = await application.run('node dist/main.js --deploy', { DATABASE_URL: fresh.url });
      expect(code).toBe(0);
      expect(await fresh.query(`SELECT count(*)::int FROM recipe_migrations`)).toEqual([{ count: 1 }]);
    } finally {
      await fresh.drop();
    }
  });
});
