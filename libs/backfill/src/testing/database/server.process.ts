import type { ServerMessage } from './server.client.js';
import { startContainer } from './container.js';
import { startEmbedded } from './embedded.js';

/** The process that runs the server of tests until its standard input ends: see `server.client.ts`. */
void main();

async function main(): Promise<void> {
  const ended = new Promise<void>((resolve) =>
    process.stdin.resume().once('end', resolve).once('error', resolve),
  );
  // A Ctrl+C of the terminal reaches this process too: the end of its standard input follows.
  process.on('SIGINT', () => undefined);
  try {
    const server = (await startContainer()) ?? (await startEmbedded());
    write({ url: server.url, origin: server.origin });
    await ended;
    await server.stop();
  } catch (error) {
    write({ error: error instanceof Error ? error.message : String(error) });
  }
  process.exit();
}

function write(message: ServerMessage): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
