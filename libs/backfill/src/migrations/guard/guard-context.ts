import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';

/** The guard in whose migration the running code is; `undefined` for the library's own work inside of it. */
export interface GateKeeper {
  /**
   * @param sql what is about to be sent; not a text where it cannot be told
   * @throws when it must not be sent on a connection that is not the migration's own
   */
  admitElsewhere(sql: unknown): void;
}

interface Context {
  readonly keeper: GateKeeper | undefined;
}

const storage = new AsyncLocalStorage<Context>();

/** Code that runs in `work`, and whatever it leaves running behind, is the migration's. */
export function insideMigration<T>(keeper: GateKeeper, work: () => T): T {
  return storage.run({ keeper }, work);
}

/** The guard's own statements, and those that it has let pass. */
export function pastTheGuard<T>(work: () => T): T {
  return storage.run({ keeper: undefined }, work);
}

/** The part of node-postgres that every query in the process goes through. */
interface ClientPrototype {
  query: (...args: unknown[]) => unknown;
}

/** A pool's own `query` asks it for a client by callback. */
interface PoolPrototype {
  connect: (callback?: (...args: unknown[]) => void) => unknown;
}

interface PostgresLibrary {
  readonly Client?: { readonly prototype?: ClientPrototype };
  readonly Pool?: { readonly prototype?: PoolPrototype };
}

const watched = new WeakSet<ClientPrototype | PoolPrototype>();

/**
 * Watches a driver's client class for queries of code that runs inside a migration and reached the database round its query
 * runner: ActiveRecord, an imported data source, a pool, a client of its own. Everybody else's queries pass with one look at
 * the asynchronous context.
 */
export function watchDriver(driver: unknown): void {
  const library = (driver as { postgres?: PostgresLibrary }).postgres;
  watchPool(library?.Pool?.prototype);
  const prototype = library?.Client?.prototype;
  if (!prototype || watched.has(prototype)) return;
  watched.add(prototype);
  const send = prototype.query;
  prototype.query = function (this: unknown, ...args: unknown[]): unknown {
    const keeper = storage.getStore()?.keeper;
    if (!keeper) return send.apply(this, args);
    try {
      keeper.admitElsewhere(sqlOf(args[0]));
    } catch (error) {
      return refuse(args, error);
    }
    return send.apply(this, args);
  };
}

/**
 * A pool that has no client free calls back from wherever one is given back. What is asked for inside a migration stays the
 * migration's, and what is asked for outside of one does not become it.
 */
function watchPool(prototype: PoolPrototype | undefined): void {
  if (!prototype || watched.has(prototype)) return;
  watched.add(prototype);
  const connect = prototype.connect;
  prototype.connect = function (this: unknown, callback): unknown {
    return connect.call(this, callback && AsyncResource.bind(callback));
  };
}

/** A text, a configuration with a text, or a query object such as pg-cursor and pg-query-stream submit. */
function sqlOf(query: unknown): unknown {
  if (typeof query === 'string') return query;
  const { text, cursor } = (query ?? {}) as { text?: unknown; cursor?: { text?: unknown } };
  return text ?? cursor?.text;
}

/** In the way in which the caller waits: by callback, by promise, or, for a query object, by an exception. */
function refuse(args: readonly unknown[], error: unknown): unknown {
  const [query] = args;
  const callback = args.findLast((arg) => typeof arg === 'function') as
    ((error: unknown) => void) | undefined;
  if (callback) {
    process.nextTick(callback, error);
    return undefined;
  }
  if (typeof (query as { submit?: unknown } | undefined)?.submit === 'function') throw error;
  // The caller's code rejects with the error as it is.
  // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
  return Promise.reject(error);
}
