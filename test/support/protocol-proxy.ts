import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { TestDatabase } from './database.ts';
import { ProtocolFramer, type Message, type Sender } from './protocol-framer.ts';

/**
 * What may happen to a message instead of its delivery:
 * - `cut`: its connection ends on both sides, and what went before has arrived
 * - `terminate`: the server ends its connection, and says so to the application, in one packet with the message if it is the server's own
 * - `stall`: nothing passes over its connection any more, in either direction, and no side is told
 * - `vanish`: the same for all connections, and for those that are tried later, as when a machine is gone
 */
export const FAULTS = ['cut', 'terminate', 'stall', 'vanish'] as const;
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
    readonly at: number | ((message: Message) => boolean);
    readonly strike: (message: Message) => void;
  } | null = null;

  #awaited: { readonly text: string; readonly there: (release: () => boolean) => void } | null = null;

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

  /** Connections that stand, or stall. */
  get connections(): number {
    return this.#connections.size;
  }

  /** How often the application waits for an answer while the work is done. */
  async roundTrips(work: () => Promise<unknown>): Promise<number> {
    const before = this.#turns;
    await work();
    return this.#turns - before;
  }

  /**
   * Counts from 1 again and lets the fault happen to message `at`, of whichever connection it is.
   * @param at its number, or what tells it from those before
   * @returns the message that was lost, once it is; a promise that stays pending when there are fewer
   */
  strike(fault: Fault, at: number | ((message: Message) => boolean)): Promise<Message> {
    this.#messages = 0;
    return new Promise((strike) => (this.#planned = { fault, at, strike }));
  }

  /**
   * Keeps the server's answer to the next statement with this text from the application, whatever happens elsewhere meanwhile.
   * @returns as soon as the answer is there, what lets it pass, and tells whether the application still waits for it
   */
  holdAnswer(text: string): Promise<() => boolean> {
    return new Promise((there) => (this.#awaited = { text, there }));
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
    if (this.#awaited && message.from === 'client' && message.bytes.includes(this.#awaited.text)) {
      const { there } = this.#awaited;
      this.#awaited = null;
      connection.hold(there);
    }
    if (!this.#planned) return true;
    const { fault, at, strike } = this.#planned;
    if (typeof at === 'number' ? at !== this.#messages : !at(message)) return true;
    this.#planned = null;
    if (fault === 'cut') connection.cut();
    if (fault === 'terminate') connection.terminate(message);
    if (fault === 'stall') connection.stall();
    if (fault === 'vanish') {
      this.#vanished = true;
      this.stallConnections();
    }
    strike(message);
    return false;
  }
}

/** What `pg_terminate_backend()` makes a server say. */
const TERMINATED = errorResponse({
  S: 'FATAL',
  V: 'FATAL',
  C: '57P01',
  M: 'terminating connection due to administrator command',
});

/** PostgreSQL manual, 54.7 and 54.8: the letter, the length of all but it, and the fields, each and all ended by a zero. */
function errorResponse(fields: Readonly<Record<string, string>>): Buffer {
  const body = Object.entries(fields).map(([letter, value]) => `${letter}${value}\0`);
  const bytes = Buffer.from(`E....${body.join('')}\0`);
  bytes.writeInt32BE(bytes.length - 1, 1);
  return bytes;
}

class ProxiedConnection {
  readonly #sockets: Readonly<Record<Sender, Socket>>;
  #state: 'open' | 'cut' | 'stalled' = 'open';
  #answered = true;
  /** Takes the server's messages in place of the application. */
  #held: ((message: Message) => void) | null = null;
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
          if (!passes(message, turn)) continue;
          if (from === 'server' && this.#held) this.#held(message);
          else target.write(message.bytes);
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

  /** @param there told when an answer is whole, with what lets it pass */
  hold(there: (release: () => boolean) => void): void {
    const late: Buffer[] = [];
    this.#held = ({ name, bytes }) => {
      late.push(bytes);
      if (name !== 'ReadyForQuery') return;
      there(() => {
        this.#held = null;
        const isAwaited = this.#sockets.client.writable;
        this.#sockets.client.write(Buffer.concat(late));
        return isAwaited;
      });
    };
  }

  terminate(last: Message): void {
    this.#sockets.client.write(last.from === 'server' ? Buffer.concat([last.bytes, TERMINATED]) : TERMINATED);
    this.cut();
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
