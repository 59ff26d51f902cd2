import { createCrm } from '../support/tables/crm.ts';
import { TestDatabase } from '../support/server/database.ts';
import { readmeBlocks, readmeCommands } from '../support/applications/readme.ts';
import {
  ReadmeApplication,
  STEP_PAGES,
  type CommandResult,
} from '../support/applications/readme-application.ts';

const STEPS = readmeCommands('docs/install.md').filter((line) => /^(npx nest|node dist)/.test(line));

/** Each command compiles and starts the application. The limit only detects a hang. */
const MANY_COMMANDS_MS = 900_000;

const blocks = STEP_PAGES.flatMap((page) => readmeBlocks(page));

describe('the steps by hand', () => {
  let application: ReadmeApplication;
  let database: TestDatabase;

  beforeAll(async () => {
    application = ReadmeApplication.create();
    database = await TestDatabase.create();
    await createCrm(database);
    await addLeads(database);
  });

  afterAll(async () => {
    await database?.drop();
    application?.remove();
  });

  it('gives each snippet of code a file', () => {
    const code = blocks.filter(({ language }) => ['ts', 'json'].includes(language));
    expect(code.length).toBeGreaterThan(5);
    expect(code.filter(({ title }) => title === null)).toEqual([]);
  });

  it('has snippets that compile unchanged', async () => {
    expect(await application.run('tsc -p tsconfig.json --noEmit')).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    });
  });

  it(
    'leads a reader through its steps to a completed backfill',
    async () => {
      const outputs: string[] = [];
      for (const command of STEPS) {
        const end = await application.run(command, { DATABASE_URL: database.url });
        expectSuccess(command, end);
        outputs.push(end.stdout);
      }
      expect(JSON.parse(outputs.at(-1) ?? '')).toMatchObject({ phase: 'backfill', outcome: 'nothing-to-do' });
      expect(await database.query('SELECT id, last_call_direction FROM leads ORDER BY id')).toEqual([
        { id: '1', last_call_direction: 'outbound' },
        { id: '2', last_call_direction: 'inbound' },
        { id: '3', last_call_direction: 'none' },
      ]);
    },
    MANY_COMMANDS_MS,
  );

  it(
    'shows backfills of the other kinds that change the rows as described',
    async () => {
      provideAll(application);
      const command = 'nest start --backfill --strict';
      expectSuccess(command, await application.run(command, { DATABASE_URL: database.url }));
      expect(await database.query('SELECT search_name FROM leads ORDER BY id')).toEqual([
        { search_name: 'zoe quinn' },
        { search_name: 'jose garcia' },
        { search_name: 'anna smith' },
      ]);
      expect(await database.query('SELECT outcome, duration_seconds FROM call_logs ORDER BY id')).toEqual([
        { outcome: 'answered', duration_seconds: 20 },
        { outcome: 'missed', duration_seconds: 0 },
        { outcome: 'answered', duration_seconds: 30 },
      ]);
    },
    MANY_COMMANDS_MS,
  );
});

/** Shows the output of a command that failed. */
function expectSuccess(command: string, { code, stdout, stderr }: CommandResult): void {
  expect(code === 0 ? '' : `${command}\nended with ${code}\n${stdout}${stderr}`).toBe('');
}

/** Three leads: the last call was outbound, inbound, none. */
async function addLeads(database: TestDatabase): Promise<void> {
  await database.query(`INSERT INTO tenants (name) VALUES ('Café Olé')`);
  await database.query(`
    INSERT INTO leads (tenant_id, first_name, last_name, email)
    VALUES (1, 'Zoë', 'Quinn', 'z@example.com'), (1, 'José', 'García', 'j@example.com'), (1, 'Anna', 'Smith', 'a@example.com')`);
  await database.query(`
    INSERT INTO call_logs (lead_id, direction, outcome, duration_seconds, called_at)
    VALUES
      (1, 'inbound', 'answered', 20, '2025-01-01'), (1, 'outbound', 'missed', 3, '2025-01-02'),
      (2, 'inbound', 'answered', 30, '2025-01-01'), (2, 'outbound', 'test', 0, '2024-01-01')`);
}

/** Provides every backfill and index of the pages. */
function provideAll(application: ReadmeApplication): void {
  const backfills = blocks.flatMap(({ title, text }) => {
    const [, name] = /^export class (\w+)/m.exec(text) ?? [];
    return title && /^src\/(backfills|indexes)\//.test(title) && name ? [{ title, name }] : [];
  });
  expect(backfills.length).toBeGreaterThan(3);
  const imports = backfills.map(
    ({ title, name }) => `import { ${name} } from './${title.slice('src/'.length).replace(/\.ts$/, '.js')}';`,
  );
  const module = application
    .read('src/app.module.ts')
    .replace(/^import \{ LeadsLastCallDirection \}.*$/m, imports.join('\n'))
    .replace('[LeadsLastCallDirection]', `[${backfills.map(({ name }) => name).join(', ')}]`);
  application.write('src/app.module.ts', module);
}
