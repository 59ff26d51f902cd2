import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startEmbedded } from '../support/server/server.ts';
import { until } from '../support/runs/until.ts';

const MODULE = new URL('../../scripts/lib/embedded-server.mjs', import.meta.url).href;
const isRoot = process.getuid?.() === 0;
const asRoot = isRoot ? it : it.skip;
if (!isRoot)
  console.log(
    'Skipped: only root can run the server as another account. Run the tests as root to include this test.',
  );

describe('the embedded server', () => {
  it('keeps its rows over a stop and a start, and removes all its files at the end', async () => {
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

  it('stops and removes all its files when the process that started it is killed', async () => {
    const { child, started } = await startElsewhere({});
    child.kill('SIGKILL');
    await until(() => !existsSync(started.folder));
    await expect(query(started.url, 'SELECT 1')).rejects.toThrow('ECONNREFUSED');
  });

  asRoot('runs for root in a folder that only root can enter, and finds its data again', async () => {
    const [own, temporary] = [
      await mkdtemp(join(tmpdir(), 'only-root-')),
      await mkdtemp(join(tmpdir(), 'for-all-')),
    ];
    await chmod(temporary, 0o755);
    const folder = join(own, 'postgres');
    await mkdir(folder);
    try {
      const first = await startElsewhere({ folder }, { TMPDIR: temporary });
      await query(first.started.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
      await end(first.child);
      const second = await startElsewhere({ folder }, { TMPDIR: temporary });
      expect(await query(second.started.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
      expect(second.started.notes).toEqual([expect.stringContaining(`cannot reach ${folder}`)]);
      await end(second.child);
    } finally {
      await rm(own, { recursive: true, force: true });
      await rm(temporary, { recursive: true, force: true });
    }
  });
});

interface Started {
  readonly url: string;
  readonly folder: string;
  readonly notes: readonly string[];
}

/** Starts a server in another process, which closes the server when its standard input ends. */
async function startElsewhere(
  options: { readonly folder?: string },
  env: NodeJS.ProcessEnv = {},
): Promise<{ child: ChildProcess; started: Started }> {
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
  return { child, started: JSON.parse(line.toString()) as Started };
}

async function end(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.stdin?.end();
  await ended;
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
