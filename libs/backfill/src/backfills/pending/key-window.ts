import { keyFromJson, type Key } from '../../ledger/range.js';
import { number } from '../../postgres/decoders.js';
import { Parameters } from '../../postgres/parameters.js';
import type { Session } from '../../postgres/session.js';
import { applyBatchPolicy } from '../../postgres/timeout-policy.js';
import type { PendingOptions, RowSelection } from '../batch/row-selection.js';

/** The part of the table that `probeWindow` reads. */
export interface WindowOptions extends PendingOptions {
  /** Exclusive; null: from the start of the table. */
  readonly after: Key | null;
  /** Maximum number of keys in the window. */
  readonly keys: number;
}

/** The result of `probeWindow`. */
export interface WindowProbe {
  /** The lowest key of a pending row; null if no row of the window is pending. */
  readonly firstPending: Key | null;
  /** The last key of the window; null if the window is empty. */
  readonly last: Key | null;
  /** Number of keys in the window, pending or not. */
  readonly count: number;
}

/** Reads one window of keys and searches it for a pending row. */
export async function probeWindow(
  session: Session,
  selection: RowSelection,
  { after, keys, ...options }: WindowOptions,
): Promise<WindowProbe> {
  const { pace, name } = selection.definition;
  const parameters = selection.parameters();
  const window = `SELECT ${selection.keyJson} AS key, (${selection.isPending(parameters, options)}) IS TRUE AS due
      FROM ${selection.from} WHERE ${selection.between(after, null, parameters)}
      ORDER BY ${selection.orderBy()} LIMIT ${parameters.add(keys, 'int')}`;
  const result = await session.query(applyBatchPolicy(pace, 'off', name), {
    text: `WITH nb_window AS MATERIALIZED (SELECT key, due, pg_catalog.row_number() OVER () AS at FROM (${window}) AS nb_ordered)
        SELECT (SELECT key FROM nb_window WHERE due ORDER BY at LIMIT 1)::text,
          (SELECT key FROM nb_window ORDER BY at DESC LIMIT 1)::text, (SELECT pg_catalog.count(*) FROM nb_window)::text`,
    values: parameters.values,
  });
  return result.one({ firstPending: keyFromJson, last: keyFromJson, count: number });
}

export interface KeyDistance {
  /** Exclusive; null: from the start of the table. */
  readonly after: Key | null;
  /** Inclusive; null: up to the end of the table. */
  readonly upTo: Key | null;
  /** Number of keys from `after` to the wanted key. */
  readonly keys: number;
}

/**
 * Skips `keys - 1` keys after `after` and returns the next key; null if there are fewer keys up to `upTo`.
 */
export async function keyAtDistance(
  session: Session,
  selection: RowSelection,
  { after, upTo, keys }: KeyDistance,
): Promise<Key | null> {
  const { pace, name } = selection.definition;
  const parameters = new Parameters();
  const window = selection.isInWindow(after, upTo, parameters);
  const result = await session.query(applyBatchPolicy(pace, 'off', name), {
    text: `SELECT ${selection.keyJson}::text
        ${selection.fromRowAt(window, parameters.add(keys - 1, 'bigint'))}`,
    values: parameters.values,
  });
  return result.firstValue(keyFromJson) ?? null;
}
