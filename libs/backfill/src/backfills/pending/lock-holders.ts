import { isRedacting } from '../../errors/redaction.js';
import type { Key } from '../../ledger/range.js';
import { text } from '../../postgres/decoders.js';
import { contextOf, isConnectionError } from '../../postgres/error-classes.js';
import { Parameters } from '../../postgres/parameters.js';
import { describeSession } from '../../postgres/session-description.js';
import type { Session } from '../../postgres/session.js';
import { applyPolicy } from '../../postgres/timeout-policy.js';
import type { RowSelection } from '../batch/row-selection.js';

/** In milliseconds. Short, because a lock on the table blocks this query too. */
const TIMEOUTS = { lockTimeout: 500, statementTimeout: 5_000, idleInTransactionTimeout: 5_000 };

/**
 * Describes the lock that a batch waited for, and the sessions that hold it. These are the sessions in the
 * row's xmax, or, if there are none, the sessions that locked the table. The description names no session if
 * the lock was released meanwhile, or if this role cannot see the session.
 *
 * @param key the key of the row; null: the lock is on the table
 * @param error the error that ended the wait; its context names the statement of a constraint or a trigger
 */
export async function describeLock(
  session: Session,
  selection: RowSelection,
  key: Key | null,
  error?: unknown,
): Promise<string> {
  if (key === null) return describeTableLock(session, selection.definition.table);
  const rowHolders = await rowLockHolders(session, selection, key);
  const holders =
    rowHolders.length > 0 ? rowHolders : await tableLockHolders(session, selection.definition.table);
  const target = `the row ${selection.describe(key)}`;
  if (holders.length > 0) return `a lock on ${target}, held by ${holders.join('; ')}`;
  // The row itself is not locked. Its change may wait for another row, e.g. for a parent row that a foreign
  // key checks.
  // The context may hold values of rows, e.g. a statement that a trigger has built.
  const context = isRedacting() ? undefined : contextOf(error);
  return `a lock on ${target}, or one that its change needs${context === undefined ? '' : ` (${context})`}`;
}

/** Describes the lock on a table that a statement waited for. @param table as SQL */
export async function describeTableLock(session: Session, table: string): Promise<string> {
  const holders = await tableLockHolders(session, table);
  return `a lock on the table ${table}${holders.length > 0 ? `, held by ${holders.join('; ')}` : ''}`;
}

async function rowLockHolders(session: Session, selection: RowSelection, key: Key): Promise<string[]> {
  const parameters = new Parameters();
  const xmax = `SELECT this_row.xmax FROM ${selection.from} WHERE ${selection.compare('=', key, parameters)}`;
  const holdersOf = async (transactions: string) => {
    const result = await session.query(applyPolicy({ ...selection.definition.pace, ...TIMEOUTS }), {
      text: `SELECT DISTINCT ${describeSession('a')} FROM (${transactions}) AS held (transaction)
          JOIN pg_catalog.pg_locks AS l ON l.locktype = 'transactionid' AND l.granted AND l.transactionid::text = held.transaction::text
          JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid AND a.pid <> pg_catalog.pg_backend_pid()`,
      values: parameters.values,
    });
    return result.values(text);
  };
  try {
    const holders = await holdersOf(xmax);
    if (holders.length > 0) return holders;
    // If several transactions lock a row, its xmax is a multixact. The function raises an error for another
    // xmax.
    return await holdersOf(
      `SELECT m.xid FROM (${xmax}) AS r, LATERAL pg_catalog.pg_get_multixact_members(r.xmax) AS m (xid, mode)`,
    );
  } catch (error) {
    if (isConnectionError(error)) throw error;
    return [];
  }
}

/**
 * Includes sessions that still wait for a lock on the table, because later lock requests queue behind them.
 */
async function tableLockHolders(session: Session, table: string): Promise<string[]> {
  const result = await session.send([
    {
      text: `SELECT DISTINCT ${describeSession('a')} FROM pg_catalog.pg_locks AS l JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
        WHERE l.relation = pg_catalog.to_regclass($1)::oid AND a.pid <> pg_catalog.pg_backend_pid()
          AND a.datname = pg_catalog.current_database()
          AND l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')`,
      values: [table],
    },
  ]);
  return result.last.values(text);
}
