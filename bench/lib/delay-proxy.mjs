import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import pg from 'pg';
import { median } from '../report/numbers.mjs';

/**
 * A network between a client and the server: all data arrives later, in both directions, but as much at a time
 * as without it.
 */
export class DelayProxy {
  /** @type {import('node:net').Server} */ #listener;
  /** @type {Set<import('node:net').Socket>} */ #sockets = new Set();
  #url;

  /** @private @param {import('node:net').Server} listener @param {string} url */
  constructor(listener, url) {
    this.#listener = listener;
    this.#url = url;
  }

  /**
   * @param {string} url of the server
   * @param {number} roundTripMs is added to each round trip
   */
  static async start(url, roundTripMs) {
    const target = new URL(url);
    const listener = createServer({ noDelay: true });
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const address = listener.address();
    const through = new URL(url);
    through.port = String(typeof address === 'object' && address ? address.port : 0);
    const proxy = new DelayProxy(listener, through.href);
    listener.on('connection', (near) => {
      const far = connect({ host: target.hostname, port: Number(target.port), noDelay: true });
      proxy.#relay(near, far, roundTripMs / 2);
      proxy.#relay(far, near, roundTripMs / 2);
    });
    return proxy;
  }

  /** The address of the server behind this network. */
  get url() {
    return this.#url;
  }

  close() {
    for (const socket of this.#sockets) socket.destroy();
    this.#listener.close();
  }

  /** @param {import('node:net').Socket} from @param {import('node:net').Socket} to @param {number} delayMs */
  #relay(from, to, delayMs) {
    // Timers with the same delay fire in the order in which they were set, so the data stays in order.
    const later = (/** @type {() => void} */ act) => {
      if (delayMs === 0) act();
      else setTimeout(act, delayMs);
    };
    this.#sockets.add(from);
    from.on('data', (data) => later(() => to.writable && to.write(data)));
    from.on('end', () => later(() => to.end()));
    from.on('error', () => to.destroy());
    from.on('close', () => this.#sockets.delete(from));
  }
}

/**
 * @param {string} url
 * @returns {Promise<number>} milliseconds of `SELECT 1`, the median
 */
export async function roundTrip(url) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const taken = [];
    for (let n = 0; n < 15; n++) {
      const startedAt = performance.now();
      await client.query('SELECT 1');
      taken.push(performance.now() - startedAt);
    }
    return median(taken);
  } finally {
    await client.end();
  }
}
