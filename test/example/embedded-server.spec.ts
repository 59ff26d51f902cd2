import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startEmbedded } from '../support/server.ts';

const MODULE = new URL('../../scripts/lib/embedded-server.mjs', import.meta.url).href;
const isRoot = process.getuid?.() === 0;
const asRoot = isRoot ? it : it.skip;
if (!isRoot)
  console.log(
    'Skipped: what only root can show (a server run as another user). Run the tests as root for it.',
  );

describe('the embedded server', () => {
  it('keeps its rows when it is stopped and started, and leaves nothing behind in the end', async () => {
    const started = await startEmbedded();
    const { server } = started;
    await query(server.url(), 'CREATE TABLE kept AS SELECT 42 AS answer');
    await server.stop();
    expect(await server.isRunning()).toBe(false);
    await server.start();
    expect(await query(server.url(), 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
    await started.stop();
    expect(existsSync(server.folder)).toBe(false);
  });

  it('leaves nothing behind when the process that started it is killed', async () => {
    const { child, said } = await startElsewhere({});
    child.kill('SIGKILL');
    await until(() => !existsSync(said.folder));
    await expect(query(said.url, 'SELECT 1')).rejects.toThrow('ECONNREFUSED');
  });

  asRoot('serves root from a folder that nobody else can enter, and finds its data there again', async () => {
    const [own, temporary] = [
      await mkdtemp(join(tmpdir(), 'only-root-')),
      await mkdtemp(join(tmpdir(), 'for-all-')),
    ];
    await chmod(temporary, 0o755);
    const folder = join(own, 'postgres');
    await mkdir(folder);
    try {
      const first = await startElsewhere({ folder }, { TMPDIR: temporary });
      await query(first.said.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
      await end(first.child);
      const second = await startElsewhere({ folder }, { TMPDIR: temporary });
      expect(await query(second.said.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
      expect(second.said.notes).toEqual([expect.stringContaining(`cannot reach ${folder}`)]);
      await end(second.child);
    } finally {
      await rm(own, { recursive: true, force: true });
      await rm(temporary, { recursive: true, force: true });
    }
  });
});

interface Said {
  readonly url: string;
  readonly folder: string;
  readonly notes: readonly string[];
}

/** A server that a process of its own has started; it closes the server when its standard input ends. */
async function startElsewhere(
  options: { readonly folder?: string },
  env: NodeJS.ProcessEnv = {},
): Promise<{ child: ChildProcess; said: Said }> {
  const script = `
    const { EmbeddedServer } = await import(${JSON.stringify(MODULE)});
    const notes = [];
    const server = await EmbeddedServer.start({ ...${JSON.stringify(options)}, note: (text) => notes.push(text) });
    console.log(JSON.stringify({ url: server.url(), folder: server.folder, notes }));
    process.stdin.resume().once('end', () => server.close());`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    env: { ...process.env, NODE_OPTIONS: '', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, said: JSON.parse(line.toString()) as Said };
}

async function end(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.stdin?.end();
  await gone;
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20));
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  try {
    await client.connect();
    return (await client.query<pg.QueryResultRow>(sql)).rows;
  } finally {
    await client.end();
  }
}
