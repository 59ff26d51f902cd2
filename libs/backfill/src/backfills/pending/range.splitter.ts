import { keyFromJson, keyToJson, type Key } from '../../ledger/range.js';
import type { Subject } from '../../ledger/ledger.js';
import { classifyDatabaseError } from '../../postgres/error-classes.js';
import { Parameters } from '../../postgres/parameters.js';
import type { Session } from '../../postgres/session.js';
import { applyPolicy } from '../../postgres/timeout-policy.js';
import type { RowSelection } from '../batch/row-selection.js';

/** Pages that a sample reads at most, whatever the table's size. */
const SAMPLE_PAGES = 400;
/** Pending rows in the sample, for each part, below which all rows serve instead. */
const ENOUGH_PENDING = 25;
/** Batches below which a part is not worth a worker of its own. */
const LEAST_BATCHES = 10;
/** Milliseconds: nobody is to wait for a better division of the work. */
const PATIENCE = { lockTimeout: 1_000, statementTimeout: 5_000, idleInTransactionTimeout: 5_000 };
/** Tries of a split whose range was moved on meanwhile. */
const TRIES = 3;

/**
 * Keys that divide what lies above `lower`, up to `upper`, into parts with about the same number of pending rows. They are
 * quantiles of a sample of whole pages, so that gaps and skew in the keys do not matter, and it costs the same for any size of
 * table (PostgreSQL manual, TABLESAMPLE SYSTEM).
 *
 * @returns at most `parts - 1` keys, in order: fewer, or none, where the parts would be too small or no sample is to be had in time
 */
export async function divide(
  session: Session,
  selection: RowSelection,
  lower: Key | null,
  upper: Key,
  parts: number,
): Promise<Key[]> {
  if (parts < 2) return [];
  const share = await shareOfSample(session, selection);
  const parameters = selection.parameters();
  const where = selection.between(lower, upper, parameters);
  const statement = {
    text: `WITH ${sample(selection, parameters, share, where, parts)}, nb_numbered AS (
        SELECT nb_key, row_number() OVER (ORDER BY ${selection.identityOrder('ASC')}) AS nb_at, count(*) OVER () AS nb_all FROM nb_chosen
      ), nb_parts AS (
        SELECT least(${parameters.add(parts, 'bigint')}, (count(*) / ${parameters.add(share * leastRows(selection), 'float8')})::bigint) AS nb_n FROM nb_chosen
      )
      SELECT nb_key::text FROM nb_numbered, nb_parts
      WHERE EXISTS (SELECT FROM generate_series(1, nb_n - 1) AS nb_cut WHERE nb_at = nb_all * nb_cut / nb_n) ORDER BY nb_at`,
    values: parameters.values,
  };
  return inTime(async () => {
    const { rows } = await session.transaction([applyPolicy(PATIENCE), statement]);
    return (rows[1] ?? []).map(([key]) => keyFromJson(key) ?? []);
  }, []);
}

/**
 * Halves the largest range that others are sweeping, where it is worth it, beyond the window that its holder is at: the
 * second half is then free to take, and the holder finds its new end when it opens its next window.
 *
 * @returns whether there is a new range
 */
export async function splitLargest(
  session: Session,
  selection: RowSelection,
  { name, version }: Subject,
): Promise<boolean> {
  const { ledger, tenants } = selection;
  const share = await shareOfSample(session, selection);
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const parameters = selection.parameters();
    const from = 'coalesce(window_upper_key, cursor_key, lower_key)';
    const ranges = `SELECT id AS nb_id, upper_key AS nb_upper, ${from} AS nb_from FROM ${ledger.schema}.range
      WHERE name = ${parameters.add(name, 'text')} AND version = ${parameters.add(version, 'int')}
        AND tenants IS NOT DISTINCT FROM ${parameters.addArray(tenants)} AND state = 'sweeping' AND purpose = 'sweep'
        AND lease_owner IS NOT NULL AND window_upper_key IS DISTINCT FROM upper_key`;
    const keys = selection.identityRow('nb_chosen');
    const look = {
      text: `WITH ${sample(selection, parameters, share, 'true', 2)}, nb_ranges AS MATERIALIZED (${ranges}), nb_numbered AS (
          SELECT nb_id, nb_upper, nb_key, row_number() OVER (PARTITION BY nb_id ORDER BY ${selection.identityOrder('ASC')}) AS nb_at,
            count(*) OVER (PARTITION BY nb_id) AS nb_all
          FROM nb_ranges JOIN nb_chosen ON (nb_from IS NULL OR ${keys} > ${selection.rowFromJson('nb_from')})
            AND ${keys} <= ${selection.rowFromJson('nb_upper')}
        )
        SELECT nb_id::text, nb_upper::text, nb_key::text FROM nb_numbered
        WHERE nb_at = (nb_all + 1) / 2 AND nb_key <> nb_upper
          AND nb_all >= ${parameters.add(2 * share * leastRows(selection), 'float8')}
        ORDER BY nb_all DESC LIMIT 1`,
      values: parameters.values,
    };
    const cut = await inTime(async () => {
      const { rows } = await session.transaction([applyPolicy(PATIENCE), look]);
      return rows[1]?.[0];
    }, undefined);
    if (!cut) return false;
    const [id, upper, middle] = cut;
    if (await splitAt(session, selection, id ?? '', keyFromJson(upper) ?? [], keyFromJson(middle) ?? []))
      return true;
  }
  return false;
}

/** @returns false when its holder has come past the middle, or another has split it */
async function splitAt(
  session: Session,
  selection: RowSelection,
  id: string,
  upper: Key,
  middle: Key,
): Promise<boolean> {
  const { schema } = selection.ledger;
  const parameters = new Parameters();
  const end = parameters.add(keyToJson(upper), 'jsonb');
  const at = parameters.add(keyToJson(middle), 'jsonb');
  const statement = {
    text: `WITH nb_shortened AS (
        UPDATE ${schema}.range SET upper_key = ${at}
        WHERE id = ${parameters.add(id, 'bigint')} AND state = 'sweeping' AND upper_key = ${end}
          AND (coalesce(window_upper_key, cursor_key, lower_key) IS NULL
            OR ${selection.rowFromJson('coalesce(window_upper_key, cursor_key, lower_key)')} < ${selection.rowFromJson(at)})
        RETURNING name, version, tenants, purpose
      )
      INSERT INTO ${schema}.range (name, version, tenants, purpose, state, lower_key, upper_key, cursor_key, window_lower_key)
      SELECT name, version, tenants, purpose, 'sweeping', ${at}, ${end}, ${at}, ${at} FROM nb_shortened RETURNING id::text`,
    values: parameters.values,
  };
  return inTime(async () => {
    const { rows } = await session.transaction([applyPolicy(PATIENCE), statement]);
    return rows[1]?.[0] !== undefined;
  }, false);
}

/** The CTEs `nb_sample`, and `nb_chosen`: its pending rows, or all where few are pending. */
function sample(
  selection: RowSelection,
  parameters: Parameters,
  share: number,
  where: string,
  parts: number,
): string {
  return `nb_sample AS MATERIALIZED (
        SELECT ${selection.identity}, ${selection.keyJson} AS nb_key, (${selection.isPending(parameters)}) IS TRUE AS nb_due
        FROM ${selection.from} TABLESAMPLE SYSTEM (${parameters.add(share * 100, 'real')}) WHERE ${where}
      ), nb_chosen AS MATERIALIZED (
        SELECT * FROM nb_sample
        WHERE nb_due OR (SELECT count(*) FILTER (WHERE nb_due) < ${parameters.add(ENOUGH_PENDING * parts, 'int')} FROM nb_sample)
      )`;
}

function leastRows({ definition }: RowSelection): number {
  return LEAST_BATCHES * definition.pace.batchSize;
}

/** The share of the table's pages that a sample reads, 0 to 1. */
async function shareOfSample(session: Session, { definition }: RowSelection): Promise<number> {
  const { rows } = await session.send([
    {
      text: `WITH RECURSIVE nb_tables AS (
          SELECT to_regclass($1)::oid AS oid UNION ALL SELECT inhrelid FROM pg_inherits JOIN nb_tables ON inhparent = oid
        )
        SELECT coalesce(sum(pg_relation_size(oid)) / current_setting('block_size')::int, 0)::text FROM nb_tables`,
      values: [definition.table],
    },
  ]);
  return Math.min(1, SAMPLE_PAGES / Math.max(1, Number(rows[0]?.[0]?.[0] ?? 0)));
}

async function inTime<T>(ask: () => Promise<T>, otherwise: T): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    const failure = classifyDatabaseError(error);
    // A predicate that fails on a row is told by the batch that comes upon it.
    if (failure === 'too-slow' || failure === 'lock' || failure === 'poison') return otherwise;
    throw error;
  }
}
