import type { LockRule } from 'nestjs-backfill-sql';
import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';

/** Checks SQL that the code of a migration sends on a connection other than the migration's own. */
export interface OtherConnectionGuard {
  /**
   * @param sql the text of the SQL; any other type if the text is unknown
   * @throws DataInMigrationError if the SQL must not be sent on such a connection
   */
  admitOnOtherConnection(sql: unknown): void;
}

interface Context {
  /** Undefined for the library's own statements inside a migration. */
  readonly guard: OtherConnectionGuard | undefined;
  /** The one text that the guard has admitted. Loggers and subscribers of TypeORM run in the same context. */
  readonly admitted?: string;
  /** Called when the driver has received that text. */
  readonly onSent?: () => void;
}

const storage = new AsyncLocalStorage<Context>();

/** Runs `work`, and all asynchronous operations that it starts, as code of the migration. */
export function insideMigration<T>(guard: OtherConnectionGuard, work: () => T): T {
  return storage.run({ guard }, work);
}

/** Runs the library's own statements. */
export function unguarded<T>(work: () => T): T {
  return storage.run({ guard: undefined }, work);
}

/**
 * Sends one statement that the guard has admitted. Other statements that `work` causes are checked.
 *
 * @param onSent called when the driver has received it
 */
export function sending<T>(guard: OtherConnectionGuard, sql: string, work: () => T, onSent?: () => void): T {
  return storage.run({ guard, admitted: sql, ...(onSent && { onSent }) }, work);
}

const stepRules = new AsyncLocalStorage<readonly LockRule[]>();

/** Runs the statements of a step of this library, which avoids the danger of some lock rules in another way. */
export function insideStep<T>(rules: readonly LockRule[], work: () => T): T {
  return stepRules.run(rules, work);
}

/** The lock rules whose danger the current step avoids. */
export function rulesOfStep(): readonly LockRule[] {
  return stepRules.getStore() ?? [];
}

const probes = new AsyncLocalStorage<true>();

/** Runs statements of a step that leave nothing behind, so that they are not listed as committed. */
export function insideProbe<T>(work: () => T): T {
  return probes.run(true, work);
}

export function isProbe(): boolean {
  return probes.getStore() === true;
}

const observers = new Set<(sql: string) => void>();

/**
 * Calls `observe` for each text that changes rows, as far as its words tell, and that the process sends during
 * `work` outside of every migration: a job queue does not keep the asynchronous context.
 */
export async function observingOthers<T>(observe: (sql: string) => void, work: () => Promise<T>): Promise<T> {
  observers.add(observe);
  try {
    return await work();
  } finally {
    observers.delete(observe);
  }
}

const CHANGES_ROWS = /\b(?:insert|update|delete|merge|truncate)\b/i;

function noteOutside(sql: unknown): void {
  if (typeof sql === 'string' && CHANGES_ROWS.test(sql)) for (const observe of observers) observe(sql);
}

/** The class of node-postgres through which every query of the process passes. */
interface ClientPrototype {
  query: (...args: unknown[]) => unknown;
}

type Listen = (this: unknown, event: unknown, listener: (...args: unknown[]) => unknown) => unknown;

/** `pool.query` obtains its client with a callback. */
interface PoolPrototype {
  connect: (callback?: (...args: unknown[]) => void) => unknown;
}

interface PostgresLibrary {
  readonly Client?: { readonly prototype?: ClientPrototype };
  readonly Pool?: { readonly prototype?: PoolPrototype };
}

const OUTSIDE: Context = { guard: undefined };

const watched = new WeakSet<object>();

/**
 * Wraps `query` of the driver's client class, because the code of a migration can bypass its query runner:
 * with ActiveRecord, an imported data source, a pool, or a separate client. For queries of other code, the
 * wrapper only checks the asynchronous context.
 */
export function watchDriver(driver: unknown): void {
  const library = (driver as { postgres?: PostgresLibrary }).postgres;
  watchPool(library?.Pool?.prototype);
  const prototype = library?.Client?.prototype;
  if (!prototype || watched.has(prototype)) return;
  watched.add(prototype);
  bindListeners(prototype);
  const send = prototype.query;
  prototype.query = function (this: unknown, ...args: unknown[]): unknown {
    const store = storage.getStore();
    if (!store && observers.size === 0) return send.apply(this, args);
    const sql = sqlOf(args[0]);
    if (!store) noteOutside(sql);
    const { guard, admitted, onSent } = store ?? OUTSIDE;
    if (!guard || (admitted !== undefined && sql === admitted)) {
      const sent = send.apply(this, args);
      onSent?.();
      return sent;
    }
    try {
      guard.admitOnOtherConnection(sql);
    } catch (error) {
      return refuse(args, error);
    }
    return send.apply(this, args);
  };
}

/**
 * If a pool has no free client, it calls the waiting callback later, in the asynchronous context of the code
 * that releases a client. The caller's context is restored, so that the request of a migration is checked, and the
 * requests of other code are not.
 */
function watchPool(prototype: PoolPrototype | undefined): void {
  if (!prototype || watched.has(prototype)) return;
  watched.add(prototype);
  bindListeners(prototype);
  const connect = prototype.connect;
  prototype.connect = function (this: unknown, callback): unknown {
    // Only the guard's own context: `AsyncResource.bind` takes a tenth of a millisecond.
    const context = storage.getStore();
    return connect.call(
      this,
      callback && ((...args: unknown[]) => storage.run(context as Context, callback, ...args)),
    );
  };
}

/**
 * A listener that the migration adds, e.g. for notices, runs in the context of the socket. The binding makes it
 * code of the migration.
 */
function bindListeners(prototype: object): void {
  for (const method of ['on', 'addListener', 'prependListener', 'once']) {
    const listen = Reflect.get(prototype, method) as Listen;
    Object.defineProperty(prototype, method, {
      configurable: true,
      writable: true,
      value: function (this: unknown, ...[event, listener]: Parameters<Listen>): unknown {
        const isBindable = typeof listener === 'function' && !('listener' in listener);
        if (!storage.getStore()?.guard || !isBindable) return listen.call(this, event, listener);
        // `removeListener` finds the original as `listener`. The listener of `once` has this property already.
        const bound = Object.assign(AsyncResource.bind(listener), { listener });
        return listen.call(this, event, bound);
      },
    });
  }
}

/** The text of a string, of a query configuration, or of a query object such as pg-cursor's. */
function sqlOf(query: unknown): unknown {
  if (typeof query === 'string') return query;
  const { text, cursor } = (query ?? {}) as { text?: unknown; cursor?: { text?: unknown } };
  return text ?? cursor?.text;
}

/**
 * Reports the error in the way that the caller expects: by callback, by promise, or, for a query object, by
 * an exception.
 */
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
