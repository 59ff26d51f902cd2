import { readFileSync } from 'node:fs';
import { CATCH_UP_DEFAULTS } from '../../libs/backfill/src/schedule/catch-up.options.ts';
import { createCrm } from '../support/tables/crm.ts';
import { TestDatabase } from '../support/server/database.ts';
import { readmeBlocks } from '../support/applications/readme.ts';
import { ReadmeApplication } from '../support/applications/readme-application.ts';

const PAGE = 'docs/catch-up.md';

describe('the page on catch-up', () => {
  let application: ReadmeApplication;
  let database: TestDatabase;

  beforeAll(async () => {
    application = ReadmeApplication.create();
    for (const { title, text } of readmeBlocks(PAGE)) if (title) application.write(title, text);
    const module = application
      .read('src/app.module.ts')
      .replace(
        `import { BackfillModule } from 'nestjs-backfill';`,
        `import { CatchingUpModule } from './catching-up.module.js';
import { LeadsNightly } from './backfills/leads-nightly.backfill.js';`,
      )
      .replace('BackfillModule.forRoot()', 'CatchingUpModule')
      .replace('[LeadsLastCallDirection]', '[LeadsLastCallDirection, LeadsNightly]');
    application.write('src/app.module.ts', module);
    database = await TestDatabase.create();
    await createCrm(database);
  });

  afterAll(async () => {
    await database?.drop();
    application?.remove();
  });

  it('has snippets that compile and start an application', async () => {
    expect(await application.run('tsc -p tsconfig.json')).toEqual({ code: 0, stdout: '', stderr: '' });
    const { code, stdout, stderr } = await application.run('node dist/main.js --backfill --strict', {
      DATABASE_URL: database.url,
    });
    expect({ code, text: code === 0 ? '' : `${stdout}${stderr}` }).toEqual({ code: 0, text: '' });
  });

  it('lists each option with its default', () => {
    const page = readFileSync(new URL(`../../${PAGE}`, import.meta.url), 'utf8');
    const listed = Object.fromEntries(
      [...page.matchAll(/^\| `(\w+)`.*?\| (.*?) *\|/gm)].map(([, option = '', value = '']) => [
        option,
        value,
      ]),
    );
    expect(Object.keys(listed)).toEqual([
      'cron',
      'timeZone',
      'window',
      'jitter',
      'maxDuration',
      'shutdownTimeout',
    ]);
    expect(listed).toMatchObject({
      jitter: String(CATCH_UP_DEFAULTS.jitter),
      maxDuration: `${CATCH_UP_DEFAULTS.maxDuration / 60_000} minutes`,
      shutdownTimeout: `${CATCH_UP_DEFAULTS.shutdownTimeout / 1_000} s`,
    });
  });
});
