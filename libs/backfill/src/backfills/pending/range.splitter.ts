import type { Key } from '../../ledger/range.js';
import type { RangeSplit } from '../../ledger/range.ledger.js';
import { json, text } from '../../postgres/decoders.js';
import { classifyDatabaseError } from '../../postgres/error-classes.js';
import type { Statement } from '../../postgres/pipeline.js';
import type { Session } from '../../postgres/session.js';
import { applyPolicy } from '../../postgres/timeout-policy.js';
import type { RowSelection } from '../batch/row-selection.js';
import { pageSample, sampledShare } from './page-sample.js';

/** In milliseconds. Short, because a split is optional and must not delay the run. */
const TIMEOUTS = { lockTimeout: 1_000, statementTimeout: 5_000, idleInTransactionTimeout: 5_000 };
/** Minimum number of batches in a part. A smaller part does not justify another worker. */
const MIN_PART_BATCHES = 10;
/**
 * Maximum number of attempts to split a range. An attempt fails if the worker passes the middle meanwhile.
 */
const MAX_ATTEMPTS = 3;

/** A range of keys, and the number of parts into which it is divided. */
export interface Division {
  /** Exclusive; null: the start of the table. */
  readonly lower: Key | null;
  /** Inclusive. */
  readonly upper: Key;
  readonly parts: number;
}

/**
 * Finds keys that divide the rows above `lower`, up to `upper`, into parts with about the same number of
 * pending rows. The keys are quantiles of a sample of whole pages (PostgreSQL manual, TABLESAMPLE SYSTEM), so
 * that gaps and skew in the keys do not matter and the cost does not depend on the size of the table.
 *
 * @returns at most `parts - 1` keys, in ascending order; fewer if the parts would be too small, none if the
 * sample takes too long
 */
export async function findSplitKeys(
  session: Session,
  selection: RowSelection,
  { lower, upper, parts }: Division,
): Promise<Key[]> {
  if (parts < 2) return [];
  const share = await sampledShare(session, selection);
  const parameters = selection.parameters();
  const where = selection.between(lower, upper, parameters);
  const statement = {
    text: `WITH ${pageSample(selection, parameters, { share, where, parts })}, nb_numbered AS (
        SELECT nb_key, pg_catalog.row_number() OVER (ORDER BY ${selection.identityOrder('ASC')}) AS nb_at, pg_catalog.count(*) OVER () AS nb_all FROM nb_chosen
      ), nb_parts AS (
        SELECT least(${parameters.add(parts, 'bigint')}, (pg_catalog.count(*)::float8 / ${parameters.add(share * minPartRows(selection), 'float8')})::bigint) AS nb_n FROM nb_chosen
      )
      SELECT nb_key::text FROM nb_numbered, nb_parts
      WHERE EXISTS (SELECT FROM pg_catalog.generate_series(1, nb_n - 1) AS nb_cut WHERE nb_at = nb_all * nb_cut / nb_n) ORDER BY nb_at`,
    values: parameters.values,
  };
  return orIfUnavailable([], async () =>
    (await session.query(policyOf(selection), statement)).values(json<Key>()),
  );
}

/**
 * Splits the largest range that a worker sweeps. The keys or pages above the worker's current window are divided
 * into halves, and the second half becomes a free range. The worker reads its new upper bound when it opens its
 * next window.
 *
 * @returns whether a range was created
 */
export async function splitLargestRange(session: Session, selection: RowSelection): Promise<boolean> {
  return (await splitLargestPageRange(session, selection)) || splitLargestKeyRange(session, selection);
}

async function splitLargestPageRange(session: Session, selection: RowSelection): Promise<boolean> {
  const { ledger, tenants } = selection;
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const split = await ledger.pages.largest(session, tenants, minPartRows(selection));
    if (!split) return false;
    const statement = ledger.ranges.split(
      split,
      (left, right) => `(${left}->>2)::bigint < (${right}->>2)::bigint`,
    );
    if ((await session.query(policyOf(selection), statement)).rows.length > 0) return true;
  }
  return false;
}

async function splitLargestKeyRange(session: Session, selection: RowSelection): Promise<boolean> {
  if (!(await selection.ledger.ranges.hasSplittable(session, selection.tenants))) return false;
  const share = await orIfUnavailable(null, () => sampledShare(session, selection));
  if (share === null) return false;
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const statement = largestRange(selection, share);
    const split = await orIfUnavailable(undefined, async () =>
      (await session.query(policyOf(selection), statement)).first<RangeSplit>({
        id: text,
        upper: json(),
        middle: json(),
      }),
    );
    if (!split) return false;
    if (await splitRange(session, selection, split)) return true;
  }
  return false;
}

/**
 * Selects the range with the most sampled rows above its current window, and the middle key of these rows.
 */
function largestRange(selection: RowSelection, share: number): Statement {
  const { ledger, tenants } = selection;
  const parameters = selection.parameters();
  const keys = selection.identityRow('nb_chosen');
  return {
    text: `WITH ${pageSample(selection, parameters, { share, where: 'true', parts: 2 })}, nb_ranges AS MATERIALIZED (${ledger.ranges.splittable(parameters, tenants)}), nb_numbered AS (
          SELECT nb_id, nb_upper, nb_key, pg_catalog.row_number() OVER (PARTITION BY nb_id ORDER BY ${selection.identityOrder('ASC')}) AS nb_at,
            pg_catalog.count(*) OVER (PARTITION BY nb_id) AS nb_all
          FROM nb_ranges JOIN nb_chosen ON (nb_from IS NULL OR ${selection.compareKeys(keys, '>', selection.rowFromJson('nb_from'))})
            AND ${selection.compareKeys(keys, '<=', selection.rowFromJson('nb_upper'))}
        )
        SELECT nb_id::text, nb_upper::text, nb_key::text FROM nb_numbered
        WHERE nb_at = (nb_all + 1) / 2 AND nb_key <> nb_upper
          AND nb_all >= ${parameters.add(2 * share * minPartRows(selection), 'float8')}
        ORDER BY nb_all DESC LIMIT 1`,
    values: parameters.values,
  };
}

/** @returns false if the worker has moved past the middle, or if another process has split the range */
async function splitRange(session: Session, selection: RowSelection, split: RangeSplit): Promise<boolean> {
  const statement = selection.ledger.ranges.split(split, (left, right) =>
    selection.compareKeys(selection.rowFromJson(left), '<', selection.rowFromJson(right)),
  );
  return orIfUnavailable(
    false,
    async () => (await session.query(policyOf(selection), statement)).rows.length > 0,
  );
}

/** Minimum number of rows in a part of a range. */
export function minPartRows({ definition }: RowSelection): number {
  return MIN_PART_BATCHES * definition.pace.batchSize;
}

/**
 * Returns `fallback` after a timeout, after a lock timeout, or if the predicate fails on a row. A split is
 * optional, so these errors must not end the run.
 */
async function orIfUnavailable<T, F = T>(fallback: F, query: () => Promise<T>): Promise<T | F> {
  try {
    return await query();
  } catch (error) {
    const failure = classifyDatabaseError(error);
    // The batch that reaches the failing row reports its error.
    if (failure === 'too-slow' || failure === 'lock' || failure === 'poison') return fallback;
    throw error;
  }
}

function policyOf({ definition }: RowSelection): Statement {
  return applyPolicy({ ...definition.pace, ...TIMEOUTS });
}
