import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { DelayProxy } from '../../bench/lib/delay-proxy.mjs';

/** A server that answers with what it receives. */
async function echo(): Promise<Server> {
  const server = createServer((socket) => socket.pipe(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

const portOf = (server: Server) => {
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
};

async function received(socket: Socket, bytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  while (length < bytes) {
    const [part] = (await once(socket, 'data')) as [Buffer];
    parts.push(part);
    length += part.length;
  }
  return Buffer.concat(parts);
}

describe('the slower network of the bench', () => {
  it('adds the round trip, and delivers all data in order', async () => {
    const server = await echo();
    const network = await DelayProxy.start(`postgres://127.0.0.1:${portOf(server)}/x`, 80);
    const socket = connect(Number(new URL(network.url).port), '127.0.0.1');
    await once(socket, 'connect');

    const sent = Buffer.from(Array.from({ length: 300_000 }, (_, n) => n % 251));
    const startedAt = performance.now();
    for (let at = 0; at < sent.length; at += 30_000) socket.write(sent.subarray(at, at + 30_000));
    const answer = await received(socket, sent.length);

    // A timer may fire up to 1 ms early.
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(78);
    expect(answer.equals(sent)).toBe(true);
    socket.destroy();
    network.close();
    server.close();
  });
});
