import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { TestDatabase } from './database.ts';
import { ProtocolFramer, type Message, type Sender } from './protocol-framer.ts';

/**
 * What happens to a message instead of its delivery:
 * - `cut`: its connection is closed on both sides after all earlier messages were delivered
 * - `terminate`: the same, and the application receives the error of a terminated session (a message of the
 *   server is delivered in the same packet)
 * - `stall`: its connection delivers nothing more in either direction, and stays open
 * - `vanish`: all connections stall, later ones too, as if the machine were gone
 */
export const FAULTS = ['cut', 'terminate', 'stall', 'vanish'] as const;
export type Fault = (typeof FAULTS)[number];

/**
 * A proxy between an application and its database. It counts the messages of the protocol and can lose one of
 * them.
 */
export class ProtocolProxy {
  /** The database, through this proxy. */
  readonly database: TestDatabase;
  readonly #server: Server;
  /** The delay of each message. */
  readonly #delayMs: number;
  readonly #connections = new Set<ProxiedConnection>();
  /** Clients that connected while the server was vanished. */
  readonly #ignoredClients = new Set<Socket>();
  #isVanished = false;
  #messages = 0;
  #roundTrips = 0;
  #plannedFault: {
    readonly fault: Fault;
    readonly at: number | ((message: Message) => boolean);
    readonly resolve: (message: Message) => void;
  } | null = null;

  #plannedHold: { readonly text: string; readonly resolve: (release: () => boolean) => void } | null = null;

  private constructor(database: TestDatabase, server: Server, delayMs: number) {
    this.database = database;
    this.#server = server;
    this.#delayMs = delayMs;
  }

  /**
   * Starts a proxy for the database.
   *
   * @param roundTripMs the time that it adds to a request and its reply together
   */
  static async start(target: TestDatabase, roundTripMs = 0): Promise<ProtocolProxy> {
    const { hostname, port } = new URL(target.url);
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = new URL(target.url);
    url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const proxy = new ProtocolProxy(target.at(url.href), server, roundTripMs / 2);
    server.on('connection', (client) => proxy.#join(client, { host: hostname, port: Number(port || 5432) }));
    return proxy;
  }

  /** Messages since the last fault was planned, or since the start. */
  get messages(): number {
    return this.#messages;
  }

  /** Connections that are open or stalled. */
  get connections(): number {
    return this.#connections.size;
  }

  /** How often the application waits for a reply during the work. */
  async roundTrips(work: () => Promise<unknown>): Promise<number> {
    const before = this.#roundTrips;
    await work();
    return this.#roundTrips - before;
  }

  /**
   * Restarts the count of messages at 1 and applies the fault to one message of any connection.
   *
   * @param at its number, or a predicate that finds the first such message
   * @returns the lost message, once it is lost; the promise stays pending if there is no such message
   */
  injectFault(fault: Fault, at: number | ((message: Message) => boolean)): Promise<Message> {
    this.#messages = 0;
    return new Promise((resolve) => (this.#plannedFault = { fault, at, resolve }));
  }

  /**
   * Holds the server's reply to the next statement that contains the text. Other connections go on.
   *
   * @returns once the reply is complete: a function that delivers it and returns whether the application
   * still waits for it
   */
  holdReply(text: string): Promise<() => boolean> {
    return new Promise((resolve) => (this.#plannedHold = { text, resolve }));
  }

  /** Stalls the present connections. New ones work. */
  stallConnections(): void {
    for (const connection of this.#connections) connection.stall();
  }

  /** Closes stalled connections, and accepts new ones. */
  heal(): void {
    this.#plannedFault = null;
    this.#isVanished = false;
    for (const connection of this.#connections) if (connection.isStalled) connection.destroy();
    for (const client of this.#ignoredClients) client.destroy();
    this.#ignoredClients.clear();
  }

  async close(): Promise<void> {
    this.#server.close();
    this.heal();
    for (const connection of this.#connections) connection.destroy();
    await once(this.#server, 'close');
  }

  #join(client: Socket, target: { readonly host: string; readonly port: number }): void {
    if (this.#isVanished) {
      client.on('error', () => undefined).pause();
      this.#ignoredClients.add(client);
      return;
    }
    const connection: ProxiedConnection = new ProxiedConnection(client, connect(target), {
      delayMs: this.#delayMs,
      requestStarted: () => this.#roundTrips++,
      isDelivered: (message) => this.#isDelivered(message, connection),
    });
    this.#connections.add(connection);
    void connection.closed.then(() => this.#connections.delete(connection));
  }

  #isDelivered(message: Message, connection: ProxiedConnection): boolean {
    this.#messages++;
    if (this.#plannedHold && message.from === 'client' && message.bytes.includes(this.#plannedHold.text)) {
      const { resolve } = this.#plannedHold;
      this.#plannedHold = null;
      connection.hold(resolve);
    }
    if (!this.#plannedFault) return true;
    const { fault, at, resolve } = this.#plannedFault;
    if (typeof at === 'number' ? at !== this.#messages : !at(message)) return true;
    this.#plannedFault = null;
    if (fault === 'cut') connection.cut();
    if (fault === 'terminate') connection.terminate(message);
    if (fault === 'stall') connection.stall();
    if (fault === 'vanish') {
      this.#isVanished = true;
      this.stallConnections();
    }
    resolve(message);
    return false;
  }
}

/** The error that a server sends after `pg_terminate_backend()`. */
const TERMINATED = errorResponse({
  S: 'FATAL',
  V: 'FATAL',
  C: '57P01',
  M: 'terminating connection due to administrator command',
});

/**
 * PostgreSQL manual, 54.7 and 54.8: the letter, the length without the letter, and the fields. A zero byte
 * ends each field and the list.
 */
function errorResponse(fields: Readonly<Record<string, string>>): Buffer {
  const body = Object.entries(fields).map(([letter, value]) => `${letter}${value}\0`);
  const bytes = Buffer.from(`E....${body.join('')}\0`);
  bytes.writeInt32BE(bytes.length - 1, 1);
  return bytes;
}

interface ConnectionObserver {
  readonly delayMs: number;
  /** Called when the application sends after the server has sent. */
  requestStarted(): void;
  isDelivered(message: Message): boolean;
}

class ProxiedConnection {
  readonly #sockets: Readonly<Record<Sender, Socket>>;
  #state: 'open' | 'cut' | 'stalled' = 'open';
  #lastSender: Sender = 'server';
  /** Receives the server's messages instead of the application. */
  #holdMessage: ((message: Message) => void) | null = null;
  readonly closed: Promise<unknown>;

  constructor(client: Socket, server: Socket, observer: ConnectionObserver) {
    this.#sockets = { client, server };
    // Timers of the same duration fire in the order of their start.
    const later = (deliver: () => void) =>
      observer.delayMs > 0 ? void setTimeout(deliver, observer.delayMs) : deliver();
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
          if (from === 'client' && this.#lastSender === 'server') observer.requestStarted();
          this.#lastSender = from;
          if (!observer.isDelivered(message)) continue;
          if (from === 'server' && this.#holdMessage) this.#holdMessage(message);
          else later(() => target.write(message.bytes));
        }
      });
      socket.on('end', () => {
        if (this.#state !== 'stalled') later(() => target.end());
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

  /** @param replyComplete called with a function that delivers the reply */
  hold(replyComplete: (release: () => boolean) => void): void {
    const held: Buffer[] = [];
    this.#holdMessage = ({ name, bytes }) => {
      held.push(bytes);
      if (name !== 'ReadyForQuery') return;
      replyComplete(() => {
        this.#holdMessage = null;
        const isAwaited = this.#sockets.client.writable;
        this.#sockets.client.write(Buffer.concat(held));
        return isAwaited;
      });
    };
  }

  terminate(last: Message): void {
    this.#sockets.client.write(last.from === 'server' ? Buffer.concat([last.bytes, TERMINATED]) : TERMINATED);
    this.cut();
  }

  /** Closes both sides with `end`: a reset could overtake earlier data. */
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
