import type { ThrottleLimits } from '../throttle.limits.js';
import { BACKFILL_SESSIONS, type ServerThrottle } from './server.throttle.js';

/**
 * Sessions that wait for a lock on the table or on one of its rows. A waiting table lock also blocks every
 * later session. A session that waits for a row waits for the transaction ID of its holder, which does not
 * identify the table. The tuple lock that the waiting session holds identifies the table.
 */
export class LockWaitersThrottle implements ServerThrottle {
  readonly name = 'sessions waiting for locks';
  readonly usesTableLocks = true;
  readonly #limits: NonNullable<ThrottleLimits['lockWaiters']>;

  constructor(limits: NonNullable<ThrottleLimits['lockWaiters']>) {
    this.#limits = limits;
  }

  query(): string {
    return `SELECT pg_catalog.json_build_object(
        'table', pg_catalog.count(*) FILTER (WHERE w.for_table),
        'rows', pg_catalog.count(*) FILTER (WHERE w.for_row AND NOT w.for_table))
      FROM (
        SELECT l.pid,
          pg_catalog.bool_or(l.on_table AND NOT l.granted AND l.locktype <> 'tuple') AS for_table,
          pg_catalog.bool_or(NOT l.granted) AND pg_catalog.bool_or(l.on_table AND l.locktype = 'tuple') AS for_row
        FROM table_lock AS l GROUP BY l.pid
      ) AS w JOIN pg_catalog.pg_stat_activity AS a ON a.pid = w.pid
      WHERE (w.for_table OR w.for_row) AND a.application_name NOT LIKE ${BACKFILL_SESSIONS}`;
  }

  waitReason(value: string | null): string | null {
    if (value === null) return null;
    const waiting = JSON.parse(value) as { table: number; rows: number };
    const { table, rows } = this.#limits;
    const reasons = [
      ...(waiting.table > table ? [`${sessions(waiting.table)} for the table (limit ${table})`] : []),
      ...(waiting.rows > rows ? [`${sessions(waiting.rows)} for its rows (limit ${rows})`] : []),
    ];
    return reasons.length > 0 ? reasons.join(', ') : null;
  }
}

function sessions(count: number): string {
  return count === 1 ? '1 session waits' : `${count} sessions wait`;
}
