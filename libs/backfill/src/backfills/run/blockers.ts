import type { Key } from '../../ledger/range.js';
import { Parameters } from '../../sql/parameters.js';
import type { Session } from '../../sql/session.js';
import type { RowSelection } from '../batch/row-selection.js';

const DESCRIBED = `format('pid %s (%s), %s for %s s, query: %s', a.pid,
  coalesce(nullif(a.application_name, ''), 'no application name'), coalesce(a.state, a.backend_type),
  round(extract(epoch FROM clock_timestamp() - coalesce(a.xact_start, a.state_change)))::text,
  coalesce(nullif(left(regexp_replace(a.query, '\\s+', ' ', 'g'), 120), ''), 'none'))`;

/**
 * Who holds the lock that a batch waited for: the holder of the row, whose transaction stands in the row itself, or else
 * whoever has locked the table. Empty when they are gone by now, or may not be seen.
 */
export async function describeBlockers(
  session: Session,
  selection: RowSelection,
  key: Key | null,
): Promise<string> {
  const found = key === null ? [] : await holdersOfRow(session, selection, key);
  return (found.length > 0 ? found : await holdersOfTable(session, selection)).join('; ');
}

async function holdersOfRow(session: Session, selection: RowSelection, key: Key): Promise<string[]> {
  const xmax = `SELECT this_row.xmax FROM ${selection.from}`;
  const parameters = new Parameters();
  const query = (transactions: string) =>
    session.send([
      {
        text: `SELECT DISTINCT ${DESCRIBED} FROM (${transactions}) AS held (transaction)
          JOIN pg_locks AS l ON l.locktype = 'transactionid' AND l.granted AND l.transactionid::text = held.transaction::text
          JOIN pg_stat_activity AS a ON a.pid = l.pid AND a.pid <> pg_backend_pid()`,
        values: parameters.values,
      },
    ]);
  const where = selection.compare('=', key, parameters);
  const single = await query(`${xmax} WHERE ${where}`);
  const names = (single.rows[0] ?? []).map((row) => row[0] ?? '');
  if (names.length > 0) return names;
  // Several holders at once (e.g. foreign-key checks) stand in the row as a group. A number that is no group is an error.
  try {
    const group = await query(
      `SELECT m.xid FROM (${xmax} WHERE ${where}) AS r, LATERAL pg_get_multixact_members(r.xmax) AS m (xid, mode)`,
    );
    return (group.rows[0] ?? []).map((row) => row[0] ?? '');
  } catch {
    return [];
  }
}

async function holdersOfTable(session: Session, selection: RowSelection): Promise<string[]> {
  const { rows } = await session.send([
    {
      text: `SELECT DISTINCT ${DESCRIBED} FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid
        WHERE l.relation = to_regclass($1) AND l.granted AND a.pid <> pg_backend_pid()
          AND l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')`,
      values: [selection.definition.table],
    },
  ]);
  return (rows[0] ?? []).map((row) => row[0] ?? '');
}
