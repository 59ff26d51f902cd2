import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { TestDatabase } from './database.ts';

/** Stands between an application and the server, and counts how often the application waits for an answer. */
export class TrafficCounter {
  readonly database: TestDatabase;
  readonly #server: Server;
  #turns = 0;

  private constructor(database: TestDatabase, server: Server) {
    this.database = database;
    this.#server = server;
  }

  static async start(target: TestDatabase): Promise<TrafficCounter> {
    const { hostname, port } = new URL(target.url);
    let counter: TrafficCounter | undefined = undefined;
    const server = createServer((client) => {
      const upstream = connect(Number(port), hostname);
      let answered = true;
      client.on('data', (bytes) => {
        // The application speaks after the server has: a new round trip.
        if (answered && counter) counter.#turns++;
        answered = false;
        upstream.write(bytes);
      });
      upstream.on('data', (bytes) => {
        answered = true;
        client.write(bytes);
      });
      const end = () => [client, upstream].forEach((socket) => socket.destroy());
      for (const socket of [client, upstream]) socket.on('close', end).on('error', end);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (typeof address !== 'object' || address === null) throw new TypeError('The proxy listens on no port.');
    const url = new URL(target.url);
    url.port = String(address.port);
    counter = new TrafficCounter(target.at(url.href), server);
    return counter;
  }

  async roundTrips(work: () => Promise<unknown>): Promise<number> {
    const before = this.#turns;
    await work();
    return this.#turns - before;
  }

  async stop(): Promise<void> {
    this.#server.close();
    await once(this.#server, 'close');
  }
}
