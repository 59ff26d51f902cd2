import type { LeasedRange } from '../../../ledger/range.js';
import { requiredKey, type Key } from '../../../ledger/range.js';
import { json } from '../../../postgres/decoders.js';
import type { Parameters } from '../../../postgres/parameters.js';
import type { Statement } from '../../../postgres/pipeline.js';
import type { Session } from '../../../postgres/session.js';
import type { PreviewedValues } from '../../../report/preview.js';
import { lockingPolicy, rehearsalPolicy } from '../../batch/batch.policy.js';
import type { SweepStep } from '../../batch/batch.js';
import { orderOf } from '../../batch/order/order.factory.js';
import { withClause } from '../../batch/order/sweep-order.js';
import type { RowSelection } from '../../batch/row-selection.js';
import { ROW, type BackfillDefinition } from '../../definition/definition.js';
import { TOO_SLOW, unlessTooSlow, type TooSlow } from '../../pending/too-slow.js';
import { MAX_HELD_MS } from './plan-timeouts.js';
import type { ShownColumn } from './shown-columns.js';

/** The values of one row, and its key. */
export interface ReadRow {
  readonly key: Key;
  readonly values: PreviewedValues;
}

/** The rows that a batch would select next. */
export interface NextRows {
  readonly range: LeasedRange;
  readonly step: SweepStep;
  readonly columns: readonly ShownColumn[];
}

/** Each round sets at most as many rows aside as a batch has. */
const MAX_ROUNDS = 20;
/** If finding and locking the rows takes too long, this part of them is tried. */
const FEWER = 10;

/**
 * A batch of `transform` locks no row while its code runs, so it does not skip locked ones: those that another session
 * has locked are put into quarantine for the rest of the transaction, which is rolled back. Its own locks are held for
 * at most `MAX_HELD_MS`.
 *
 * @returns the number of these rows; 0 for other kinds
 */
export async function setLockedRowsAside(
  session: Session,
  selection: RowSelection,
  next: NextRows,
): Promise<number> {
  const { definition, ledger } = selection;
  if (definition.kind !== 'transform') return 0;
  let aside = 0;
  let { limit } = next.step;
  for (let round = 1; round <= MAX_ROUNDS; round++) {
    const rows: NextRows = { ...next, columns: [], step: { ...next.step, limit } };
    const lockable = await lockableRows(session, selection, rows);
    if (lockable === TOO_SLOW) {
      // Finding one row takes too long, so the batch itself does too.
      if (limit === 1) break;
      limit = Math.ceil(limit / FEWER);
      continue;
    }
    const unlocked = new Set(lockable.map(({ key }) => JSON.stringify(key)));
    const found = await nextRows(session, selection, { ...rows, lock: '' });
    const locked = found.map(({ key }) => key).filter((key) => !unlocked.has(JSON.stringify(key)));
    if (locked.length === 0) break;
    await session.send(
      locked.map((key) => ledger.quarantine.add({ key, tenant: null, error: '', code: null })),
    );
    aside += locked.length;
  }
  return aside;
}

/** The rows that a batch selects next and that it could lock. Their locks are released again. */
function lockableRows(
  session: Session,
  selection: RowSelection,
  next: NextRows,
): Promise<readonly ReadRow[] | TooSlow> {
  const { definition } = selection;
  const policy = rehearsalPolicy(definition, MAX_HELD_MS);
  return unlessTooSlow(() =>
    session.part(
      () => nextRows(session, selection, { ...next, lock: skippingLock(definition), policy }),
      'rolled-back',
    ),
  );
}

/**
 * The rows that a batch selects next, without those that another session has locked. They stay locked, so that the batch
 * selects the same ones, except for `transform`: see `setLockedRowsAside`.
 */
export function nextUnlockedRows(
  session: Session,
  selection: RowSelection,
  next: NextRows,
): Promise<readonly ReadRow[]> {
  const { definition } = selection;
  const lock = definition.kind === 'transform' ? '' : skippingLock(definition);
  return nextRows(session, selection, { ...next, lock });
}

function skippingLock({ kind }: Pick<BackfillDefinition, 'kind'>): string {
  return `${kind === 'purge' ? 'FOR UPDATE' : 'FOR NO KEY UPDATE'} OF ${ROW} SKIP LOCKED`;
}

/** @param next `lock`: SQL that locks the rows. `policy`: the timeouts, by default those of a batch */
export async function nextRows(
  session: Session,
  selection: RowSelection,
  { range, step, columns, lock, policy }: NextRows & { readonly lock: string; readonly policy?: Statement },
): Promise<readonly ReadRow[]> {
  const parameters = selection.parameters();
  const ordered = orderOf(selection).rows(range, step, step.cursor, parameters);
  return send(session, selection, {
    parameters,
    columns,
    ...(policy && { policy }),
    text: (list) => `${withClause(ordered)}SELECT ${list} FROM ${selection.from}
      WHERE ${ordered.condition} ORDER BY ${ordered.orderBy} LIMIT ${ordered.limit} ${lock}`,
  });
}

/** @param request `keys`: the rows, pending or not */
export async function readRows(
  session: Session,
  selection: RowSelection,
  { keys, columns }: { readonly keys: readonly Key[]; readonly columns: readonly ShownColumn[] },
): Promise<readonly ReadRow[]> {
  const parameters = selection.parameters();
  const from = selection.fromKeys(keys, parameters);
  return send(session, selection, { parameters, columns, text: (list) => `SELECT ${list} FROM ${from}` });
}

interface ReadStatement {
  readonly policy?: Statement;
  readonly parameters: Parameters;
  readonly columns: readonly ShownColumn[];
  readonly text: (selectList: string) => string;
}

async function send(
  session: Session,
  selection: RowSelection,
  { parameters, columns, text: textOf, policy = lockingPolicy(selection.definition) }: ReadStatement,
): Promise<readonly ReadRow[]> {
  const values = columns.map(({ expression }) => `pg_catalog.left((${expression})::text, ${MAX_SHOWN + 1})`);
  const list = `${selection.keyJson}::text, pg_catalog.to_json(ARRAY[${values.join(', ')}]::text[])::text`;
  const { last } = await session.send([policy, { text: textOf(list), values: parameters.values }]);
  return last
    .all({ key: requiredKey, values: json<readonly (string | null)[]>() })
    .map((row) => ({ key: row.key, values: toValues(columns, row.values) }));
}

/** Characters of a value. */
const MAX_SHOWN = 200;

function toValues(columns: readonly ShownColumn[], values: readonly (string | null)[]): PreviewedValues {
  return Object.fromEntries(columns.map(({ name }, at) => [name, shorten(values[at] ?? null)]));
}

function shorten(value: string | null): string | null {
  if (value === null) return null;
  const characters = [...value];
  return characters.length > MAX_SHOWN ? `${characters.slice(0, MAX_SHOWN).join('')}…` : value;
}
