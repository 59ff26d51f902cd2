import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import { shareSettings } from '../run/migration.settings.js';
import type { GuardedSession, QueryArguments } from './guarded-session.js';
import { dataSourceOf } from './migration-guard.js';

const guarded = new WeakSet<object>();

/**
 * Whether a query runner is already guarded, e.g. because one migration calls a method of another migration.
 */
export function isGuarded(queryRunner: QueryRunner): boolean {
  return guarded.has(queryRunner);
}

/** Opens a guarded session on another query runner of the same data source. */
export type OpenSession = (raw: QueryRunner) => GuardedSession;

/**
 * The query runner that a migration receives. Its own methods (`createTable`, `changeColumn`, …) run with it
 * as `this`, so that their SQL passes through `query` too. Its manager and its data source are guarded as
 * well.
 */
export function guardQueryRunner(raw: QueryRunner, session: GuardedSession, open: OpenSession): QueryRunner {
  const dataSource = guardDataSource(dataSourceOf(raw), open);
  let manager: EntityManager | undefined;
  const query = (...args: QueryArguments) => session.query(...args);
  const stream = (
    sql: string,
    parameters?: unknown[],
    onEnd?: () => void,
    onError?: (error: Error) => void,
  ) => session.stream(sql, parameters, onEnd, onError);
  const proxy: QueryRunner = new Proxy(raw, {
    get(target, property) {
      switch (property) {
        case 'query':
          return query;
        case 'stream':
          return stream;
        case 'manager':
          return (manager ??= dataSource.createEntityManager(proxy));
        case 'dataSource':
        case 'connection':
          return dataSource;
        case 'connect':
        case 'release':
        case 'releasePostgresConnection':
          // The driver tracks query runners by identity; closing its pool waits until all are released.
          return (Reflect.get(target, property) as (...args: unknown[]) => unknown).bind(target);
        default:
          return Reflect.get(target, property) as unknown;
      }
    },
    set(target, property, value) {
      // TypeORM's EntityManager writes itself into its query runner. The guarded manager must not reach the
      // caller's query runner, because TypeORM records the migration with that manager after the guard ended.
      if (property === 'manager') manager = value as EntityManager;
      else Reflect.set(target, property, value);
      return true;
    },
  });
  guarded.add(proxy);
  return proxy;
}

/** The data source of a guarded query runner: every connection that it opens is guarded. */
function guardDataSource(raw: DataSource, open: OpenSession): DataSource {
  let manager: EntityManager | undefined;
  const createQueryRunner: DataSource['createQueryRunner'] = (mode) => {
    const runner = raw.createQueryRunner(mode);
    return guardQueryRunner(runner, open(runner), open);
  };
  const proxy: DataSource = new Proxy(raw, {
    get(target, property) {
      if (property === 'createQueryRunner') return createQueryRunner;
      if (property === 'manager') return (manager ??= proxy.createEntityManager());
      return Reflect.get(target, property) as unknown;
    },
  });
  shareSettings(proxy, raw);
  return proxy;
}
