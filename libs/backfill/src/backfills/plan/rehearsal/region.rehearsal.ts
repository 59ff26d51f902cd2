import { installInTransaction } from '../../../ledger/ledger.installer.js';
import type { PlannedRange } from '../../../ledger/range.ledger.js';
import { number } from '../../../postgres/decoders.js';
import { classifyDatabaseError } from '../../../postgres/error-classes.js';
import type { Session } from '../../../postgres/session.js';
import { applyPolicy } from '../../../postgres/timeout-policy.js';
import { createBatchRunner } from '../../batch/batch-runner.factory.js';
import type { LockMode } from '../../batch/batch.policy.js';
import type { ExplainedBatch } from '../../batch/explained-batch.js';
import type { Region } from '../../batch/order/region.js';
import type { RowSelection } from '../../batch/row-selection.js';
import { MAX_HELD_MS, PLAN_TIMEOUTS } from './plan-timeouts.js';

/** Rows of the first region, which only shows how many rows the others may have. */
const FIRST_ROWS = 20;
const MIN_ROWS = 5;
/** After a region that took too long, the next one has this part of its rows. */
const FEWER = 4;

/** A region of rows that is changed and rolled back. */
export interface RegionToRehearse {
  readonly selection: RowSelection;
  readonly range: PlannedRange;
  /** Null in key order. */
  readonly region: Region | null;
}

/** A region whose batch was measured twice. Both times it was rolled back. */
export interface RehearsedRegion {
  /** As a sweep finds the region: pages may have to be read, and written to the WAL as a whole. */
  readonly first: ExplainedBatch;
  /** The same rows again: in memory, without full pages in the WAL. */
  readonly again: ExplainedBatch;
  /** Bytes of WAL of the whole server during `again`. */
  readonly serverWalBytes: number;
}

export interface RegionOptions {
  /** The schema of the ledger. */
  readonly schema: string;
  /** Regions at several places of the table. */
  readonly places: number;
  /** Maximum number of rows of a region. */
  readonly maxRows: number;
  /** @param rows about as many rows as the region may have */
  readonly regionAt: (place: number, rows: number) => Promise<RegionToRehearse | null>;
}

/**
 * Measures batches at several places of the table. Each takes about as long as a batch of a run, waits for no
 * lock longer than that, skips rows that another session has locked, and is rolled back at once.
 */
export async function rehearseRegions(
  session: Session,
  selection: RowSelection,
  { schema, places, maxRows, regionAt }: RegionOptions,
): Promise<RehearsedRegion[]> {
  const { targetDuration, maxBatchSize } = selection.definition.pace;
  const most = Math.min(maxBatchSize, maxRows);
  const rehearsed: RehearsedRegion[] = [];
  let rows = Math.min(FIRST_ROWS, most);
  for (let place = 0; place <= places; place++) {
    const isFirst = place === 0;
    const region = await regionAt(isFirst ? 0 : place - 1, rows);
    const result = region && (await rehearseRegion(session, region, { schema, rows }));
    if (result === 'too-slow') rows = Math.ceil(rows / FEWER);
    if (!result || result === 'too-slow') continue;
    if (!isFirst) rehearsed.push(result);
    const { ms, rows: changed } = result.first;
    if (changed > 0) rows = Math.max(MIN_ROWS, Math.min(most, Math.floor((targetDuration * changed) / ms)));
  }
  return rehearsed;
}

interface RehearsalLimits {
  readonly schema: string;
  readonly rows: number;
}

/** @returns null if its rows are locked, or if the batch fails */
async function rehearseRegion(
  session: Session,
  region: RegionToRehearse,
  limits: RehearsalLimits,
): Promise<RehearsedRegion | 'too-slow' | null> {
  for (const lockMode of ['optimistic', 'locking'] as const) {
    try {
      return await measureTwice(session, region, { ...limits, lockMode });
    } catch (error) {
      const kind = classifyDatabaseError(error);
      if (kind !== 'lock') return kind === 'too-slow' ? kind : null;
    } finally {
      await session.rollback();
    }
  }
  return null;
}

async function measureTwice(
  session: Session,
  { selection, range, region }: RegionToRehearse,
  { schema, rows, lockMode: wanted }: RehearsalLimits & { readonly lockMode: LockMode },
): Promise<RehearsedRegion | null> {
  const { ledger, definition } = selection;
  const runner = createBatchRunner(selection);
  await session.begin([applyPolicy(PLAN_TIMEOUTS)]);
  await installInTransaction(session, schema, PLAN_TIMEOUTS);
  await ledger.status.open(session, definition.kind);
  const leased = await ledger.ranges.insertRehearsal(session, range);
  const step = {
    cursor: range.lower,
    windowUpper: range.upper,
    region,
    limit: rows,
    excludeQuarantined: true,
    lockMode: runner.canBeOptimistic ? wanted : 'locking',
    number: 1,
    signal: new AbortController().signal,
  } as const;
  const measure = async () => {
    const before = await session.send([{ text: 'SAVEPOINT nb_rehearsal' }, WAL_POSITION]);
    const batch = await runner.explain?.(session, leased, step, MAX_HELD_MS);
    const after = await session.send([WAL_POSITION, { text: 'ROLLBACK TO SAVEPOINT nb_rehearsal' }]);
    return { batch, serverWalBytes: after.at(0).value(number) - before.last.value(number) };
  };
  const { batch: first } = await measure();
  const { batch: again, serverWalBytes } = await measure();
  return first && again && first.rows > 0 && again.rows > 0 ? { first, again, serverWalBytes } : null;
}

const WAL_POSITION = {
  text: `SELECT pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), '0/0')::text`,
};
