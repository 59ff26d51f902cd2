import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Stands between an application and its database, and can stop forwarding without closing anything. */
export class StallingProxy {
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  readonly url: string;

  private constructor(server: Server, url: string) {
    this.#server = server;
    this.url = url;
  }

  static async before(databaseUrl: string): Promise<StallingProxy> {
    const url = new URL(databaseUrl);
    const target = { host: url.hostname, port: Number(url.port || 5432) };
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const proxy = new StallingProxy(server, url.href);
    server.on('connection', (inward) => proxy.#join(inward, connect(target)));
    return proxy;
  }

  /** From now on nothing passes over the connections that there are; new ones work. */
  stallConnections(): void {
    for (const [inward, outward] of this.#pairs) {
      inward.unpipe(outward).pause();
      outward.unpipe(inward).pause();
    }
  }

  close(): void {
    this.#server.close();
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
  }

  #join(inward: Socket, outward: Socket): void {
    this.#pairs.add([inward, outward]);
    inward.pipe(outward).pipe(inward);
    for (const socket of [inward, outward]) socket.on('error', () => undefined);
  }
}
