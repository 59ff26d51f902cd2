import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { PackedLibraries } from '../support/packages/packed.ts';
import { TestDatabase } from '../support/server/database.ts';
import type { Cell } from './cells.ts';
import { GeneratedApplication, type CommandEnd } from './generated-application.ts';

/** Where an application of the matrix runs. */
export interface Place {
  readonly libraries: PackedLibraries;
  /** @default the server of the test run */
  readonly serverUrl?: string;
  /** @default this version of Node.js */
  readonly node?: string;
}

const ROWS = 450;

/** Tries everything that the library promises to the application. Throws with the output of the command that failed. */
export async function expectWorkingApplication(
  cell: Cell,
  { libraries, serverUrl, node }: Place,
): Promise<void> {
  const database = await TestDatabase.create(serverUrl);
  try {
    await database.query('CREATE TABLE leads (id serial PRIMARY KEY, name text NOT NULL, search_name text)');
    await addRows(database);
    const env = { DATABASE_URL: database.url, PORT: '0' };
    const folder = await mkdtemp(join(libraries.folder, 'application-'));
    const application = await GeneratedApplication.create(cell, {
      libraries,
      folder,
      ...(node ? { node } : {}),
    });
    expectSuccess(await application.build());
    expect(lastLine(expectSuccess(await application.start(env, '--backfill', '--json')))).toMatchObject({
      outcome: 'complete',
    });
    expect(await pending(database)).toBe('0');
    expect(expectSuccess(await application.start(env))).toContain('started as a server');
    await addRows(database);
    if (cell.builder !== 'ts-node') {
      const stdout = expectSuccess(await application.nestStart(env, '--backfill', '--json'));
      expect(stdout).not.toContain('started as a server');
      expect(await pending(database)).toBe('0');
      await addRows(database);
    }
    expectSuccess(await application.test(env));
    expect(await pending(database)).toBe('0');
  } finally {
    await database.drop();
  }
}

async function addRows(database: TestDatabase): Promise<void> {
  await database.query(`INSERT INTO leads (name) SELECT 'Lead ' || i FROM generate_series(1, ${ROWS}) AS i`);
}

async function pending(database: TestDatabase): Promise<string | undefined> {
  const sql = 'SELECT count(*) FROM leads WHERE search_name IS DISTINCT FROM lower(name)';
  return (await database.query<{ count: string }>(sql))[0]?.count;
}

function expectSuccess({ code, stdout, stderr }: CommandEnd): string {
  if (code !== 0) throw new Error(`Exit code ${code}:\n${stdout}\n${stderr}`);
  return stdout;
}

function lastLine(output: string): unknown {
  return JSON.parse(output.trim().split('\n').at(-1) ?? '');
}
