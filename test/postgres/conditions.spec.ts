import { BackfillModule } from 'nestjs-backfill';
import { Module } from '@nestjs/common';
import pg from 'pg';
import { CONDITIONS, conditionOf } from '../../libs/backfill/src/postgres/server/conditions.ts';
import { startApplication } from '../../libs/backfill/src/one-shot/startup/application.starter.ts';
import { TestDatabase } from '../support/server/database.ts';
import { createGate } from '../support/runs/gate.ts';

/** Provokes a condition on the server. Each statement fails. */
const STATEMENTS: Readonly<Record<string, string>> = {
  'A column or table is missing': 'SELECT nothing FROM t',
  'A right is missing': 'SET ROLE pg_monitor; SELECT id FROM t',
  'A rule rewrites the table': 'WITH x AS (UPDATE ruled SET id = 2 RETURNING id) SELECT FROM x',
  'The standby or an operator allows no changes': 'BEGIN READ ONLY; INSERT INTO t VALUES (1)',
  'A statement exceeded its timeout': 'SET statement_timeout = 10; SELECT pg_sleep(60)',
  'A function or operator is missing': 'SELECT no_such_function(1)',
  'A type is missing': 'SELECT NULL::no_such_type',
  'A type does not match': `SELECT CASE WHEN true THEN 1 ELSE ARRAY[1] END`,
  'The SQL has a syntax error': 'SELEC 1',
};

describe('each condition has its own remedy', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await TestDatabase.create();
    await database.query(`CREATE TABLE t (id int); CREATE TABLE ruled (id int);
      CREATE RULE redirect AS ON UPDATE TO ruled DO INSTEAD UPDATE t SET id = NEW.id`);
  });
  afterAll(() => database.drop());

  it.each(Object.entries(STATEMENTS))('%s', async (name, sql) => {
    const error = await database.query(sql).catch((cause: unknown) => cause);
    expect(conditionOf(error)?.name).toBe(name);
  });

  it('Too many parameters', async () => {
    const values = Array.from({ length: 70_000 }, (_, at) => at);
    const sql = `SELECT ${values.map((_, at) => `$${at + 1}::int`).join(' + ')}`;
    const short = values.map((_, at) => `$${at + 1}`).join(',');
    const error = await database
      .query(`SELECT FROM t WHERE id IN (${short})`, values)
      .catch((cause: unknown) => cause);
    expect(sql).toContain('$70000');
    expect(conditionOf(error)?.name).toBe('Too many parameters');
  });

  it.each([
    ['The server offers no SSL', (url: URL) => url.searchParams.set('sslmode', 'require')],
    ['The password is wrong', (url: URL) => (url.password = 'wrong')],
    ['The password is wrong', (url: URL) => (url.username = 'nobody_here')],
    ['The database does not exist', (url: URL) => (url.pathname = '/no_such_database')],
  ])('%s', async (name, change) => {
    const url = new URL(database.url);
    change(url);
    const client = new pg.Client({ connectionString: url.href });
    const error = await client.connect().catch((cause: unknown) => cause);
    expect(conditionOf(error)?.name).toBe(name);
  });

  it('The URL is not valid', () => {
    let thrown: unknown;
    try {
      new URL('postgres://user:pass word@:x/y');
    } catch (error) {
      thrown = error;
    }
    expect(conditionOf(new TypeError('wrapped', { cause: thrown }))?.name).toBe('The URL is not valid');
  });

  it('is found by its code for those that no test server can have', () => {
    for (const { name, codes = [] } of CONDITIONS) {
      const error = Object.assign(new Error(`cache lookup failed for type 1; rule WITH`), { code: codes[0] });
      if (codes.length > 0) expect(conditionOf(error)?.name).toBe(name);
    }
  });
});

describe('the start of an application', () => {
  const start = (module: new () => object, messages: string[] = []) =>
    startApplication(module, {
      logger: { log: () => undefined, warn: () => undefined, error: () => undefined },
      connectTimeoutMs: 1_000,
      signal: new AbortController().signal,
      onWaiting: () => undefined,
      onSlowStart: (message) => void messages.push(message),
      slowStartMs: 1,
    });

  it('without forRoot() names the missing call', async () => {
    @Module({ imports: [BackfillModule] })
    class AppModule {}
    await expect(start(AppModule)).rejects.toThrow('BackfillModule is imported without forRoot()');
  });

  it('whose hook throws names the error and its place, without a stack', async () => {
    @Module({})
    class AppModule {
      onModuleInit(): void {
        throw new TypeError('the cache is cold');
      }
    }
    const error = await start(AppModule).catch((cause: unknown) => cause as Error);
    expect((error as Error).message).toContain(
      'The application could not be started: the cache is cold (at ',
    );
    expect((error as Error).message).toContain('onModuleInit');
    expect((error as Error).message.split('\n')).toHaveLength(2);
  });

  it('whose hook hangs says so', async () => {
    const gate = createGate();
    const messages: string[] = [];
    @Module({})
    class AppModule {
      async onModuleInit(): Promise<void> {
        await gate.promise;
      }
    }
    const started = start(AppModule, messages);
    while (messages.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    gate.resolve();
    await (await started).close();
    expect(messages[0]).toContain('`onModuleInit` or `onApplicationBootstrap` has not returned');
  });
});
