import type { LeasedRange } from '../../../ledger/range.js';
import { requiredKey, type Key } from '../../../ledger/range.js';
import { json } from '../../../postgres/decoders.js';
import type { Parameters } from '../../../postgres/parameters.js';
import type { Session } from '../../../postgres/session.js';
import type { PreviewedValues } from '../../../report/preview.js';
import { lockingPolicy } from '../../batch/batch.policy.js';
import type { SweepStep } from '../../batch/batch.js';
import { orderOf } from '../../batch/order/order.factory.js';
import { withClause } from '../../batch/order/sweep-order.js';
import type { RowSelection } from '../../batch/row-selection.js';
import { ROW, type BackfillDefinition } from '../../definition/definition.js';
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

/**
 * The rows that a batch selects next, without those that another session has locked. They stay locked, so that the batch
 * selects the same ones, except for `transform`, whose batch locks no row while its code runs.
 */
export async function nextUnlockedRows(
  session: Session,
  selection: RowSelection,
  next: NextRows,
): Promise<readonly ReadRow[]> {
  const { definition } = selection;
  const lock = skippingLock(definition);
  if (definition.kind !== 'transform') return nextRows(session, selection, { ...next, lock });
  const lockable = () => nextRows(session, selection, { ...next, columns: [], lock });
  const keys = new Set((await session.part(lockable, 'rolled-back')).map(({ key }) => JSON.stringify(key)));
  const rows = await nextRows(session, selection, { ...next, lock: '' });
  return rows.filter(({ key }) => keys.has(JSON.stringify(key)));
}

function skippingLock({ kind }: Pick<BackfillDefinition, 'kind'>): string {
  return `${kind === 'purge' ? 'FOR UPDATE' : 'FOR NO KEY UPDATE'} OF ${ROW} SKIP LOCKED`;
}

/** @param next `lock`: SQL that locks the rows */
export async function nextRows(
  session: Session,
  selection: RowSelection,
  { range, step, columns, lock }: NextRows & { readonly lock: string },
): Promise<readonly ReadRow[]> {
  const parameters = selection.parameters();
  const ordered = orderOf(selection).rows(range, step, step.cursor, parameters);
  return send(session, selection, {
    parameters,
    columns,
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
  readonly parameters: Parameters;
  readonly columns: readonly ShownColumn[];
  readonly text: (selectList: string) => string;
}

async function send(
  session: Session,
  selection: RowSelection,
  { parameters, columns, text: textOf }: ReadStatement,
): Promise<readonly ReadRow[]> {
  const values = columns.map(({ expression }) => `pg_catalog.left((${expression})::text, ${MAX_SHOWN + 1})`);
  const list = `${selection.keyJson}::text, pg_catalog.to_json(ARRAY[${values.join(', ')}]::text[])::text`;
  const { last } = await session.send([
    lockingPolicy(selection.definition),
    { text: textOf(list), values: parameters.values },
  ]);
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
