import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';

/** Decides on SQL that code of a migration sends on a connection other than the migration's own. */
export interface GateKeeper {
  /**
   * @param sql not a string if the text is unknown
   * @throws if it must not be sent on such a connection
   */
  admitElsewhere(sql: unknown): void;
}

interface Context {
  /** Undefined for the library's own statements inside a migration. */
  readonly keeper: GateKeeper | undefined;
}

const storage = new AsyncLocalStorage<Context>();

/** Marks `work`, and everything that it starts, as code of the migration. */
export function insideMigration<T>(keeper: GateKeeper, work: () => T): T {
  return storage.run({ keeper }, work);
}

/** Runs the library's own statements, and those that the guard has admitted. */
export function unguarded<T>(work: () => T): T {
  return storage.run({ keeper: undefined }, work);
}

/** Every query of the process passes through this part of node-postgres. */
interface ClientPrototype {
  query: (...args: unknown[]) => unknown;
}

/** `pool.query` gets a client by a callback. */
interface PoolPrototype {
  connect: (callback?: (...args: unknown[]) => void) => unknown;
}

interface PostgresLibrary {
  readonly Client?: { readonly prototype?: ClientPrototype };
  readonly Pool?: { readonly prototype?: PoolPrototype };
}

const watched = new WeakSet<ClientPrototype | PoolPrototype>();

/**
 * Wraps `query` of a driver's client class, for code of a migration that bypasses its query runner: ActiveRecord, an imported data
 * source, a pool, a client of its own. Queries of other code pass after one check of the asynchronous context.
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
 * A pool without a free client runs its callbacks where another client is released. The binding keeps each callback in the
 * context of its caller: a migration's request stays the migration's, and other requests do not become part of it.
 */
function watchPool(prototype: PoolPrototype | undefined): void {
  if (!prototype || watched.has(prototype)) return;
  watched.add(prototype);
  const connect = prototype.connect;
  prototype.connect = function (this: unknown, callback): unknown {
    return connect.call(this, callback && AsyncResource.bind(callback));
  };
}

/** The text of a string, of a query configuration, or of a query object such as pg-cursor's. */
function sqlOf(query: unknown): unknown {
  if (typeof query === 'string') return query;
  const { text, cursor } = (query ?? {}) as { text?: unknown; cursor?: { text?: unknown } };
  return text ?? cursor?.text;
}

/** Reports the error the way the caller expects it: by callback, by promise, or, for a query object, by an exception. */
function refuse(args: readonly unknown[], error: unknown): unknown {
  const [query] = args;
  const callback = args.findLast((arg) => typeof arg === 'function') as
    ((error: unknown) => void) | undefined;
  if (callback) {
    process.nextTick(callback, error);
    return undefined;
  }
  if (typeof (query as { submit?: unknown } | undefined)?.submit === 'function') throw error;
  // The caller must get the error unchanged.
  // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
  return Promise.reject(error);
}
