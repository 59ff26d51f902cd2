import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { TestDatabase } from './database.ts';
import { ProtocolFramer, type Message, type Sender } from './protocol-framer.ts';

/**
 * What may happen to a message instead of its delivery:
 * - `cut`: its connection ends on both sides, and what went before has arrived
 * - `stall`: nothing passes over its connection any more, in either direction, and no side is told
 * - `vanish`: the same for all connections, and for those that are tried later, as when a machine is gone
 */
export const FAULTS = ['cut', 'stall', 'vanish'] as const;
export type Fault = (typeof FAULTS)[number];

/** Stands between an application and its database, counts the messages of their protocol, and can lose the k-th. */
export class ProtocolProxy {
  /** The database by way of this proxy. */
  readonly database: TestDatabase;
  readonly #server: Server;
  readonly #connections = new Set<ProxiedConnection>();
  readonly #unanswered = new Set<Socket>();
  #vanished = false;
  #messages = 0;
  #turns = 0;
  #planned: {
    readonly fault: Fault;
    readonly at: number;
    readonly strike: (message: Message) => void;
  } | null = null;

  private constructor(database: TestDatabase, server: Server) {
    this.database = database;
    this.#server = server;
  }

  static async before(target: TestDatabase): Promise<ProtocolProxy> {
    const { hostname, port } = new URL(target.url);
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = new URL(target.url);
    url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const proxy = new ProtocolProxy(target.at(url.href), server);
    server.on('connection', (client) => proxy.#join(client, { host: hostname, port: Number(port || 5432) }));
    return proxy;
  }

  /** Messages since the last fault was planned, or since the start. */
  get messages(): number {
    return this.#messages;
  }

  /** How often the application waits for an answer while the work is done. */
  async roundTrips(work: () => Promise<unknown>): Promise<number> {
    const before = this.#turns;
    await work();
    return this.#turns - before;
  }

  /**
   * Counts from 1 again and lets the fault happen to message `at`, of whichever connection it is.
   * @returns the message that was lost, once it is; a promise that stays pending when there are fewer
   */
  strike(fault: Fault, at: number): Promise<Message> {
    this.#messages = 0;
    return new Promise((strike) => (this.#planned = { fault, at, strike }));
  }

  /** From now on nothing passes over the connections that there are; new ones work. */
  stallConnections(): void {
    for (const connection of this.#connections) connection.stall();
  }

  /** Ends what was stalled, and lets new connections pass again. */
  heal(): void {
    this.#planned = null;
    this.#vanished = false;
    for (const connection of this.#connections) if (connection.isStalled) connection.destroy();
    for (const client of this.#unanswered) client.destroy();
    this.#unanswered.clear();
  }

  async close(): Promise<void> {
    this.#server.close();
    this.heal();
    for (const connection of this.#connections) connection.destroy();
    await once(this.#server, 'close');
  }

  #join(client: Socket, target: { readonly host: string; readonly port: number }): void {
    if (this.#vanished) {
      client.on('error', () => undefined).pause();
      this.#unanswered.add(client);
      return;
    }
    const passes = (message: Message, turn: boolean): boolean => {
      if (turn) this.#turns++;
      return this.#passes(message, connection);
    };
    const connection: ProxiedConnection = new ProxiedConnection(client, connect(target), passes);
    this.#connections.add(connection);
    void connection.closed.then(() => this.#connections.delete(connection));
  }

  #passes(message: Message, connection: ProxiedConnection): boolean {
    this.#messages++;
    if (this.#planned?.at !== this.#messages) return true;
    const { fault, strike } = this.#planned;
    this.#planned = null;
    if (fault === 'cut') connection.cut();
    if (fault === 'stall') connection.stall();
    if (fault === 'vanish') {
      this.#vanished = true;
      this.stallConnections();
    }
    strike(message);
    return false;
  }
}

class ProxiedConnection {
  readonly #sockets: Readonly<Record<Sender, Socket>>;
  #state: 'open' | 'cut' | 'stalled' = 'open';
  #answered = true;
  readonly closed: Promise<unknown>;

  /** @param passes whether the message is delivered; `turn` when the application speaks after the server has */
  constructor(client: Socket, server: Socket, passes: (message: Message, turn: boolean) => boolean) {
    this.#sockets = { client, server };
    for (const [from, to] of [
      ['client', 'server'],
      ['server', 'client'],
    ] as const) {
      const framer = new ProtocolFramer(from);
      const socket = this.#sockets[from];
      const target = this.#sockets[to];
      socket.setNoDelay(true);
      socket.on('data', (bytes: Buffer) => {
        for (const message of framer.take(bytes)) {
          if (this.#state !== 'open') return;
          const turn = from === 'client' && this.#answered;
          this.#answered = from === 'server';
          if (passes(message, turn)) target.write(message.bytes);
        }
      });
      socket.on('end', () => {
        if (this.#state !== 'stalled') target.end();
      });
      socket.on('error', () => undefined);
    }
    this.closed = Promise.all(
      [client, server].map((socket) => new Promise((done) => socket.once('close', done))),
    );
  }

  get isStalled(): boolean {
    return this.#state === 'stalled';
  }

  /** Both sides are told; by `end` and not by a reset, which may overtake what was sent before. */
  cut(): void {
    this.#state = 'cut';
    for (const socket of Object.values(this.#sockets)) socket.end();
  }

  stall(): void {
    this.#state = 'stalled';
    for (const socket of Object.values(this.#sockets)) socket.pause();
  }

  destroy(): void {
    for (const socket of Object.values(this.#sockets)) socket.destroy();
  }
}
