import type { QueryRunner } from 'typeorm';
import type { LockWitness } from '../locks/lock-witness.js';
import { escapedLiteral } from '../../postgres/identifiers.js';
import type { SendQuery } from './row-counters.js';

/** What is known of a transaction when the checks start in it. */
export interface TransactionStart {
  /**
   * No event trigger, no trigger on TypeORM's table, and no name that shadows one of PostgreSQL: an inert
   * statement writes no rows.
   */
  readonly isPlain: boolean;
  /** Server process of the transaction; behind a pooler it changes with each transaction. */
  readonly pid: number;
  readonly lockTimeoutBefore: string;
  readonly isUnchanged: boolean;
}

export interface TransactionStartOptions {
  /** Milliseconds. */
  readonly lockTimeout: number;
  /** The quoted name of TypeORM's table of migrations. */
  readonly recordTable: string;
  readonly witness: LockWitness | undefined;
  readonly runner: QueryRunner;
}

/**
 * Sets the lock timeout of the DDL policy for the current transaction only, so that it also works behind a
 * pooler. The first statement of the migration waits for it. Therefore it has no parameters, which would make
 * PostgreSQL plan in steps, reads no catalog twice, and reads the table of migrations without a subquery.
 *
 * @param migrationsTable `missing` if a query has shown that there is none: then that query has set nothing
 */
function startQuery(
  { lockTimeout, recordTable, witness }: TransactionStartOptions,
  migrationsTable: 'read' | 'missing',
): string {
  const columns = `
         pg_catalog.current_setting('lock_timeout') AS before,
         pg_catalog.set_config('lock_timeout', ${escapedLiteral(String(lockTimeout))}, true) AS now,
         ${SESSION_COLUMNS}${witness ? `, ${NEWEST_ID}` : ''}`;
  if (migrationsTable === 'missing') return `SELECT ${columns}`;
  return `
  SELECT ${columns}, ${HOOKED}
    FROM pg_catalog.pg_class c WHERE ${isTable(recordTable)}`;
}

const SESSION_COLUMNS = `
         pg_catalog.pg_backend_pid() AS pid,
         NOT EXISTS (SELECT FROM pg_catalog.pg_event_trigger)
           AND (pg_catalog.current_schemas(true))[1] = 'pg_catalog' AS is_plain,
         pg_catalog.pg_current_xact_id_if_assigned() IS NULL AS unchanged`;

const HOOKED = 'c.relhastriggers OR c.relhasrules AS hooked';

function isTable(name: string): string {
  return `c.oid = pg_catalog.to_regclass(${escapedLiteral(name)})::pg_catalog.oid`;
}

/** The row of `phaseStartColumns`. */
const phaseStarts = new WeakMap<QueryRunner, Record<string, unknown>>();

/**
 * What the first migration of a transaction needs to know, for the statement with which the migrations phase begins
 * it. TypeORM then at most creates its own table. The statement sets the lock timeout before.
 */
export function phaseStartColumns(recordTable: string): string {
  return `
         pg_catalog.current_setting('lock_timeout') AS before, ${SESSION_COLUMNS}, ${NEWEST_ID},
         (SELECT c.relhastriggers OR c.relhasrules FROM pg_catalog.pg_class c WHERE ${isTable(recordTable)}) AS hooked`;
}

/** @param row of `phaseStartColumns` */
export function rememberStart(runner: QueryRunner, row: Record<string, unknown>): void {
  phaseStarts.set(runner, row);
}

/** Another migration may have changed something since. */
export function forgetStart(runner: QueryRunner): void {
  phaseStarts.delete(runner);
}

function takeStart(runner: QueryRunner): Record<string, unknown> | undefined {
  const row = phaseStarts.get(runner);
  forgetStart(runner);
  return row;
}

/** A column that sets the lock timeout `$1` for the rest of the transaction; NULL keeps it. */
export const RESTORE_LOCK_TIMEOUT = `
  pg_catalog.set_config('lock_timeout', coalesce($1::text, pg_catalog.current_setting('lock_timeout')), true) AS now`;

const NEWEST_ID = '(SELECT c.oid::text FROM pg_catalog.pg_class c ORDER BY c.oid DESC LIMIT 1) AS newest';

/** Starts the checks in a transaction, in one round trip if it has changed nothing yet. */
export async function startTransaction(
  query: SendQuery,
  options: TransactionStartOptions,
): Promise<TransactionStart> {
  const row = takeStart(options.runner) ?? (await readStart(query, options));
  const isUnchanged = row['unchanged'] === true;
  await options.witness?.begin(query, { newestId: Number(row['newest']), isUnchanged });
  return {
    isPlain: row['is_plain'] === true && row['hooked'] !== true,
    pid: Number(row['pid']),
    lockTimeoutBefore: String(row['before']),
    isUnchanged,
  };
}

async function readStart(
  query: SendQuery,
  options: TransactionStartOptions,
): Promise<Record<string, unknown>> {
  const [known] = await query(startQuery(options, 'read'));
  const [row = {}] = known ? [known] : await query(startQuery(options, 'missing'));
  return row;
}
