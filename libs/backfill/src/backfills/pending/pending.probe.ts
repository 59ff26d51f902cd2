import { keyFromJson, type Key } from '../../ledger/range.js';
import { classifyDatabaseError } from '../../postgres/error-classes.js';
import type { TextRow } from '../../postgres/pipeline.js';
import { quoteLiteral } from '../../postgres/identifiers.js';
import { Parameters } from '../../postgres/parameters.js';
import type { Session } from '../../postgres/session.js';
import { applyBatchPolicy, applyPolicy } from '../../postgres/timeout-policy.js';
import { inspectAccess } from '../batch/access.inspector.js';
import { RowSelection } from '../batch/row-selection.js';

/** Milliseconds in which a question about the whole table must be answered; else it is asked window by window. */
const WHOLE_TABLE_MS = 5_000;
/** Milliseconds in which a count must return; else the planner's estimate serves. */
const COUNT_MS = 1_000;
/** Keys that one statement of the slow way looks at: fewer where the predicate takes long, since each has its timeout. */
const PROBE_WINDOW = 50_000;
const PROBE_NARROWING = 8;

/** A count, or the planner's estimate of it. */
export interface Count {
  readonly rows: number;
  readonly isEstimate: boolean;
}

/**
 * Looks for a row that is still pending, without locking anything. Only when it finds none is a backfill complete.
 *
 * @param mayGoOn asked before each part of a large table, with no transaction open
 * @param excludeQuarantined false counts the rows in quarantine as pending too, and asks no ledger
 * @returns the key of a pending row, or null when there is none; `stopped` when it might not go on before it knew
 */
export async function findPending(
  session: Session,
  selection: RowSelection,
  mayGoOn: (session: Session) => Promise<boolean>,
  excludeQuarantined = true,
): Promise<Key | null | 'stopped'> {
  const any = await withinTime(session, selection, WHOLE_TABLE_MS, () => {
    const parameters = selection.parameters();
    return {
      text: `SELECT ${selection.keyJson}::text FROM ${selection.from} WHERE ${selection.isPending(parameters, { excludeQuarantined })} LIMIT 1`,
      values: parameters.values,
    };
  });
  return any === 'too slow'
    ? findPendingByWindows(session, selection, mayGoOn, excludeQuarantined)
    : keyFromJson(any?.[0]);
}

/** A bound below which no row is pending: the key before the lowest pending one; null for "from the start". */
export async function boundBelow(
  session: Session,
  selection: RowSelection,
  excludeQuarantined: boolean,
): Promise<Key | null> {
  const first = await outermostPending(session, selection, 'ASC', excludeQuarantined);
  if (first === null) return null;
  const parameters = new Parameters();
  const below = selection.compare('<', first, parameters);
  return edge(session, selection, 'DESC', `WHERE ${below}`, parameters);
}

/**
 * The sweep's upper bound, so that inserts cannot keep it alive for ever: the highest pending key where an index tells it, else that of
 * the table: to look for it backwards through all that is done would cost more than it spares.
 *
 * @returns null when the table is empty
 */
export async function boundAbove(
  session: Session,
  selection: RowSelection,
  excludeQuarantined: boolean,
): Promise<Key | null> {
  const { kind } = await inspectAccess(session, selection);
  const last =
    kind === 'index' ? await outermostPending(session, selection, 'DESC', excludeQuarantined) : null;
  return last ?? highestKey(session, selection);
}

/** The highest key of the table; null when it is empty. */
export function highestKey(session: Session, selection: RowSelection): Promise<Key | null> {
  return edge(session, selection, 'DESC', '', new Parameters());
}

/** @returns null when there is none, or it is not to be had in time */
async function outermostPending(
  session: Session,
  selection: RowSelection,
  direction: 'ASC' | 'DESC',
  excludeQuarantined: boolean,
): Promise<Key | null> {
  const found = await withinTime(session, selection, WHOLE_TABLE_MS, () => {
    const parameters = selection.parameters();
    return {
      text: `SELECT ${selection.keyJson}::text FROM ${selection.from} WHERE ${selection.isPending(parameters, { excludeQuarantined })}
        ORDER BY ${selection.orderBy(direction)} LIMIT 1`,
      values: parameters.values,
    };
  });
  return found === 'too slow' ? null : keyFromJson(found?.[0]);
}

/** How many rows are pending, the quarantined ones included; null where that is not to be had, e.g. behind a lock on the table. */
export async function countPending(session: Session, selection: RowSelection): Promise<Count | null> {
  const parameters = selection.parameters();
  const due = selection.isPending(parameters);
  const statement = (list: string) => ({
    text: `${list} FROM ${selection.from} WHERE ${due}`,
    values: parameters.values,
  });
  try {
    const exact = await withinTime(session, selection, COUNT_MS, () => statement('SELECT count(*)::text'));
    if (exact !== 'too slow') return { rows: Number(exact?.[0] ?? 0), isEstimate: false };
    const planned = await withinTime(session, selection, COUNT_MS, () =>
      statement('EXPLAIN (FORMAT JSON) SELECT 1'),
    );
    if (planned === 'too slow') return null;
    const plan = JSON.parse(planned?.[0] ?? '[]') as [{ Plan?: { 'Plan Rows'?: number } }?];
    const estimate = plan[0]?.Plan?.['Plan Rows'];
    return estimate === undefined ? null : { rows: estimate, isEstimate: true };
  } catch (error) {
    if (classifyDatabaseError(error) === 'lock') return null;
    throw error;
  }
}

/**
 * Tenants that no row of the table has. Where an index that begins with the tenant tells, that is known at once; else as many are told
 * as a bounded time allows for.
 */
export async function tenantsWithoutRows(
  session: Session,
  { definition, ledger, facts }: RowSelection,
  tenants: readonly string[],
): Promise<string[]> {
  const until = performance.now() + WHOLE_TABLE_MS;
  const none: string[] = [];
  for (const tenant of tenants) {
    const left = Math.round(until - performance.now());
    if (left <= 0) break;
    const selection = new RowSelection(definition, ledger, facts, [tenant]);
    const row = await withinTime(session, selection, left, () => {
      const parameters = new Parameters();
      return {
        text: `SELECT 1 FROM ${selection.from} WHERE ${selection.isOfTenants(parameters)} LIMIT 1`,
        values: parameters.values,
      };
    });
    if (row === 'too slow') break;
    if (row === undefined) none.push(tenant);
  }
  return none;
}

/** The proof as a query to paste: it finds a row as long as one is pending. */
export function proofQuery(selection: RowSelection): string {
  const { definition, tenants } = selection;
  const values = [...definition.pending.parameters];
  const pending = definition.pending.sql.replace(/\$(\d+)/g, (_, at: string) =>
    quoteLiteral(values[Number(at) - 1] ?? null),
  );
  const scope = tenants ? ` AND ${selection.tenantText} IN (${tenants.map(quoteLiteral).join(', ')})` : '';
  return `SELECT count(*) FROM ${selection.from} WHERE ${pending.replace(/\s*\n\s*/g, ' ')}${scope}`;
}

async function findPendingByWindows(
  session: Session,
  selection: RowSelection,
  mayGoOn: (session: Session) => Promise<boolean>,
  excludeQuarantined: boolean,
): Promise<Key | null | 'stopped'> {
  let after: Key | null = null;
  let size = PROBE_WINDOW;
  for (;;) {
    if (!(await mayGoOn(session))) return 'stopped';
    const window = await withoutTimeout(
      () => probeWindow(session, selection, after, size, excludeQuarantined),
      size === 1,
    );
    if (window === 'too slow') {
      size = Math.ceil(size / PROBE_NARROWING);
      continue;
    }
    const [due, last, seen]: TextRow = window;
    if (due) return keyFromJson(due);
    if (Number(seen) < size) return null;
    after = keyFromJson(last);
  }
}

/** Looks at so many keys above `after`. @returns the first that is due, the last that was looked at, and how many there were */
export async function probeWindow(
  session: Session,
  selection: RowSelection,
  after: Key | null,
  size: number,
  excludeQuarantined: boolean,
): Promise<TextRow> {
  const { pace, name } = selection.definition;
  const parameters = selection.parameters();
  const window = `SELECT ${selection.keyJson} AS key, (${selection.isPending(parameters, { excludeQuarantined })}) IS TRUE AS due
      FROM ${selection.from} WHERE ${selection.between(after, null, parameters)}
      ORDER BY ${selection.orderBy()} LIMIT ${parameters.add(size, 'int')}`;
  const { rows } = await session.transaction([
    applyBatchPolicy(pace, 'off', name),
    {
      text: `WITH nb_window AS MATERIALIZED (SELECT key, due, row_number() OVER () AS at FROM (${window}) AS nb_ordered)
        SELECT (SELECT key FROM nb_window WHERE due ORDER BY at LIMIT 1)::text,
          (SELECT key FROM nb_window ORDER BY at DESC LIMIT 1)::text, (SELECT count(*) FROM nb_window)::text`,
      values: parameters.values,
    },
  ]);
  return rows[1]?.[0] ?? [];
}

async function edge(
  session: Session,
  selection: RowSelection,
  direction: 'ASC' | 'DESC',
  where: string,
  parameters: Parameters,
): Promise<Key | null> {
  const { pace, name } = selection.definition;
  const { rows } = await session.transaction([
    applyBatchPolicy(pace, 'off', name),
    {
      text: `SELECT ${selection.keyJson}::text FROM ${selection.from} ${where} ORDER BY ${selection.orderBy(direction)} LIMIT 1`,
      values: parameters.values,
    },
  ]);
  return keyFromJson(rows[1]?.[0]?.[0]);
}

/** The first row of a statement that may take its time, but not more than so much. */
async function withinTime(
  session: Session,
  selection: RowSelection,
  ms: number,
  statement: () => { readonly text: string; readonly values: readonly (string | null)[] },
): Promise<TextRow | undefined | 'too slow'> {
  const { pace } = selection.definition;
  return withoutTimeout(async () => {
    const { rows } = await session.transaction([
      applyPolicy({ ...pace, statementTimeout: Math.min(ms, pace.statementTimeout) }),
      statement(),
    ]);
    return rows[1]?.[0];
  });
}

/** @param last there is no other way to ask */
async function withoutTimeout<T>(ask: () => Promise<T>, last = false): Promise<T | 'too slow'> {
  try {
    return await ask();
  } catch (error) {
    if (classifyDatabaseError(error) === 'too-slow' && !last) return 'too slow';
    throw error;
  }
}
