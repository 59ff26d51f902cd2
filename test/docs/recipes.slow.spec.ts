import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { parseArguments } from '../../libs/backfill/src/one-shot/arguments/arguments.parser.ts';
import { readmeBlocks } from '../support/applications/readme.ts';
import { BEFORE, moduleOf } from '../support/applications/recipes.ts';
import { ReadmeApplication } from '../support/applications/readme-application.ts';
import { TestDatabase } from '../support/server/database.ts';
import { createCrm } from '../support/tables/crm.ts';

const PROJECT = join(import.meta.dirname, '../..');
const PAGES = readdirSync(join(PROJECT, 'docs/recipes'))
  .filter((file) => file !== 'README.md')
  .map((file) => `docs/recipes/${file}`);

/** What the rows are after a deployment, by the page. */
const AFTER: Readonly<Record<string, readonly [sql: string, rows: readonly unknown[]]>> = {
  'copy-rows': ['SELECT call_log_id, lead_id FROM missed_calls', [{ call_log_id: '1', lead_id: '1' }]],
  'ids-from-csv': ['SELECT id FROM leads WHERE email_verified', [{ id: '2' }]],
  'parent-and-child': [
    'SELECT currency FROM order_lines ORDER BY id',
    [{ currency: 'CHF' }, { currency: 'EUR' }, { currency: 'EUR' }],
  ],
  'int-to-bigint': ['SELECT count(*)::int FROM events WHERE big_id = id', [{ count: 500 }]],
  duplicates: [
    'SELECT id, email FROM subscribers ORDER BY id',
    [
      { id: 1, email: 'a' },
      { id: 2, email: 'b' },
    ],
  ],
  'another-system': ['SELECT country FROM places ORDER BY id', [{ country: 'AT' }, { country: 'DE' }]],
  'soft-deleted-rows': ['SELECT state FROM contacts ORDER BY id', [{ state: 'active' }, { state: null }]],
  'audit-triggers': [
    'SELECT slug, (SELECT count(*)::int FROM audit) AS audited FROM documents',
    [{ slug: 'a-title', audited: 0 }],
  ],
};

describe('the recipes', () => {
  let application: ReadmeApplication;
  let database: TestDatabase;
  /** The rows that a cancelled backfill has left. */
  let cancelled: readonly unknown[];

  beforeAll(async () => {
    application = ReadmeApplication.create();
    const blocks = PAGES.flatMap((page) => readmeBlocks(page));
    for (const { language, title, text } of blocks)
      if (language === 'ts' && title) application.write(title, text);
    application.write('src/app.module.ts', moduleOf(blocks));
    database = await TestDatabase.create();
    await createCrm(database);
    await database.query(BEFORE);
    for (const { title, text } of blocks) if (title === 'before') await database.query(text);
    await database.query(`INSERT INTO verified_leads VALUES (2)`);
    await database.query(`INSERT INTO documents (title) VALUES ('A title')`);
    await succeed('tsc -p tsconfig.json');
    await succeed('node dist/main.js --cancel contacts-deleted-long-ago --why "rolled back to 1.3"');
    await succeed('node dist/main.js --deploy');
    cancelled = await database.query('SELECT id FROM contacts');
    await succeed('node dist/main.js --resume contacts-deleted-long-ago');
    await succeed('node dist/main.js --deploy --strict');
  });

  afterAll(async () => {
    await database?.drop();
    application?.remove();
  });

  async function succeed(command: string, env: NodeJS.ProcessEnv = {}): Promise<void> {
    const { code, stdout, stderr } = await application.run(command, { DATABASE_URL: database.url, ...env });
    expect(code === 0 ? '' : `${command}\n${stdout}${stderr}`).toBe('');
  }

  it.each(Object.entries(AFTER))('change the rows as the page says: %s', async (page, [sql, rows]) => {
    expect(PAGES).toContain(`docs/recipes/${page}.md`);
    expect(await database.query(sql)).toEqual(rows);
  });

  it('build a unique index once the duplicates are gone', async () => {
    await expect(database.query(`INSERT INTO subscribers (email) VALUES ('a')`)).rejects.toThrow(
      'subscribers_email_key',
    );
  });

  it('swap the key of a table for a bigint, with new rows before and after', async () => {
    await database.query('INSERT INTO events DEFAULT VALUES');
    const [swap] = readmeBlocks('docs/recipes/int-to-bigint.md').filter(({ title }) => title === 'after');
    await database.query(swap?.text ?? '');
    await database.query(`SELECT setval('events_id_seq', 3000000000)`);
    expect(await database.query('INSERT INTO events DEFAULT VALUES RETURNING id')).toEqual([
      { id: '3000000001' },
    ]);
    expect(await database.query('SELECT count(*)::int FROM events WHERE id = small_id')).toEqual([
      { count: 501 },
    ]);
  });

  it('run for the schema of one tenant', async () => {
    await succeed('node dist/main.js --backfill invoices-currency --strict', { TENANT: 'tenant_1' });
    expect(await database.query('SELECT currency FROM tenant_1.invoices ORDER BY id')).toEqual([
      { currency: 'EUR' },
      { currency: 'CHF' },
    ]);
  });

  it('stop a backfill before a rollback, and continue after it', async () => {
    expect(cancelled).toHaveLength(3);
    expect(await database.query('SELECT id FROM contacts')).toHaveLength(2);
  });
});

describe('each recipe', () => {
  it.each(PAGES)('has only arguments that the library knows: %s', (page) => {
    const text = readFileSync(join(PROJECT, page), 'utf8')
      .replaceAll("', '", ' ')
      .replaceAll('"$tenant"', 't');
    for (const [, line = ''] of text.matchAll(/node dist\/main\.js ([^\n`'|\]]+)/g)) {
      const argv = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? '');
      expect(() => parseArguments(argv)).not.toThrow();
    }
  });

  it.each(PAGES)('has only YAML that parses: %s', (page) => {
    for (const { text } of readmeBlocks(page).filter(({ language }) => language === 'yaml'))
      expect(parse(text)).toEqual(expect.any(Object));
  });
});
