import type { Key } from '../../ledger/range.js';
import { contextOf, isConnectionError } from '../../postgres/error-classes.js';
import { Parameters } from '../../postgres/parameters.js';
import { describeSession } from '../../postgres/session-description.js';
import type { Session } from '../../postgres/session.js';
import { applyPolicy } from '../../postgres/timeout-policy.js';
import type { RowSelection } from '../batch/row-selection.js';

/** Milliseconds: the row may be out of sight too, behind a lock on its table. */
const PATIENCE = { lockTimeout: 500, statementTimeout: 5_000, idleInTransactionTimeout: 5_000 };

/**
 * What a batch waited for and who holds it: the holder of the row, whose transaction stands in the row itself, or else
 * whoever has locked the table. Nobody is named when they are gone by now, or may not be seen.
 *
 * @param key the row; null for the table
 * @param error that ended the wait
 */
export async function describeLock(
  session: Session,
  selection: RowSelection,
  key: Key | null,
  error?: unknown,
): Promise<string> {
  const inRow = key === null ? [] : await holdersOfRow(session, selection, key);
  const holders = inRow.length > 0 ? inRow : await holdersOfTable(session, selection);
  const what = key ? `the row ${selection.describe(key)}` : `the table ${selection.definition.table}`;
  if (holders.length > 0) return `a lock on ${what}, held by ${holders.join('; ')}`;
  if (!key) return `a lock on ${what}`;
  // Nobody holds the row: it may be e.g. a parent row, whose foreign key is checked.
  const context = contextOf(error);
  return `a lock on ${what}, or one that its change needs${context === undefined ? '' : ` (${context})`}`;
}

async function holdersOfRow(session: Session, selection: RowSelection, key: Key): Promise<string[]> {
  const xmax = `SELECT this_row.xmax FROM ${selection.from}`;
  const parameters = new Parameters();
  const query = async (transactions: string) => {
    const { rows } = await session.transaction([
      applyPolicy(PATIENCE),
      {
        text: `SELECT DISTINCT ${describeSession('a')} FROM (${transactions}) AS held (transaction)
          JOIN pg_locks AS l ON l.locktype = 'transactionid' AND l.granted AND l.transactionid::text = held.transaction::text
          JOIN pg_stat_activity AS a ON a.pid = l.pid AND a.pid <> pg_backend_pid()`,
        values: parameters.values,
      },
    ]);
    return (rows[1] ?? []).map((row) => row[0] ?? '');
  };
  const where = selection.compare('=', key, parameters);
  try {
    const single = await query(`${xmax} WHERE ${where}`);
    if (single.length > 0) return single;
    // Several holders at once (e.g. foreign-key checks) stand in the row as a group. A number that is no group is an error.
    return await query(
      `SELECT m.xid FROM (${xmax} WHERE ${where}) AS r, LATERAL pg_get_multixact_members(r.xmax) AS m (xid, mode)`,
    );
  } catch (error) {
    if (isConnectionError(error)) throw error;
    return [];
  }
}

/** Whoever only asks for the lock yet is named too: those who come later queue up behind. */
async function holdersOfTable(session: Session, selection: RowSelection): Promise<string[]> {
  const { rows } = await session.send([
    {
      text: `SELECT DISTINCT ${describeSession('a')} FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid
        WHERE l.relation = to_regclass($1) AND a.pid <> pg_backend_pid()
          AND l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')`,
      values: [selection.definition.table],
    },
  ]);
  return (rows[0] ?? []).map((row) => row[0] ?? '');
}
