import type { Key, LeasedRange } from '../../../ledger/range.js';
import { classifyDatabaseError, messageOf, sqlState } from '../../../postgres/error-classes.js';
import type { Session } from '../../../postgres/session.js';
import type { PreviewedValues } from '../../../report/preview.js';
import { BatchCodeError } from '../../batch/batch-code.error.js';
import type { BatchRunner, SweepStep } from '../../batch/batch.js';
import type { RowSelection } from '../../batch/row-selection.js';
import { StillPendingError } from '../../run.error.js';
import { MAX_HELD_MS } from './plan-timeouts.js';
import { nextUnlockedRows, readRows } from './rows.reader.js';
import type { ShownColumn } from './shown-columns.js';

/** At most this many rows are changed one by one, in at most so many milliseconds. */
const MAX_TRIED = 200;
const MAX_TRYING_MS = 5_000;

/** The error of a row or of a batch. */
export interface RowProblem {
  readonly error: string;
  /** The SQLSTATE; null if it is not an error of the database. */
  readonly code: string | null;
  /**
   * `too-slow`: the change took longer than `MAX_HELD_MS`, and `locked`: it would have waited for a lock. So it is not
   * known whether it is possible.
   */
  readonly kind: 'fails' | 'too-slow' | 'locked';
}

/** A row that cannot be changed. */
export type FailedRow = RowProblem & { readonly key: Key };

export interface RowsOfBatch {
  /** The rows from which the batch takes its own. */
  readonly selection: RowSelection;
  readonly runner: BatchRunner;
  readonly range: LeasedRange;
  readonly step: SweepStep;
}

export interface RowsToTry extends RowsOfBatch {
  /** The columns to read before and after the change. */
  readonly columns: readonly ShownColumn[];
  /** The rows of the whole table: a change may move a row to another partition. */
  readonly table: RowSelection;
}

/** A row that was changed by itself, and the change rolled back. */
export interface TriedRow {
  readonly key: Key;
  readonly before: PreviewedValues;
  /** Null if the row is deleted or cannot be changed. */
  readonly after: PreviewedValues | null;
  readonly problem: RowProblem | null;
}

/**
 * Changes the rows of a batch one by one, as a run does in the end if a row cannot be changed. Each change is rolled back
 * before the next one, so that at most one row is locked, for at most `MAX_HELD_MS`. Afterwards everything is as before.
 *
 * @param batch `step.limit`: the maximum number of rows. Fewer are tried if that takes too long
 * @throws an error that no single row causes
 */
export async function tryEachRow(session: Session, batch: RowsToTry): Promise<readonly TriedRow[]> {
  const { quarantine } = batch.selection.ledger;
  const most = Math.min(batch.step.limit, MAX_TRIED);
  const endsAt = performance.now() + MAX_TRYING_MS;
  return session.part(async () => {
    const tried: TriedRow[] = [];
    while (tried.length < most && performance.now() < endsAt) {
      const row = await session.part(() => tryNextRow(session, batch), 'rolled-back');
      if (row === null) break;
      tried.push(row);
      // In this transaction, the next row is thereby another one.
      const { key } = row;
      await session.send([quarantine.add({ key, tenant: null, error: '', code: null })]);
    }
    return tried;
  }, 'rolled-back');
}

async function tryNextRow(
  session: Session,
  { selection, table, runner, range, step, columns }: RowsToTry,
): Promise<TriedRow | null> {
  const one = { ...step, limit: 1 };
  const [row] = await nextUnlockedRows(session, selection, { range, step: one, columns });
  if (!row) return null;
  const { key, values: before } = row;
  const { problem } = await attempt(session, () => runner.rehearse(session, range, one, MAX_HELD_MS));
  if (problem !== null) return { key, before, after: null, problem };
  const [changed] = await readRows(session, table, { keys: [key], columns });
  return { key, before, after: changed?.values ?? null, problem };
}

export interface FailedRows {
  readonly failed: readonly FailedRow[];
  /** The number of rows that were tried. */
  readonly tried: number;
}

/** Finds the first rows of a batch that cannot be changed. @throws as `tryEachRow` */
export async function findFailedRows(session: Session, batch: RowsOfBatch): Promise<FailedRows> {
  const tried = await tryEachRow(session, { ...batch, table: batch.selection, columns: [] });
  const failed = tried.flatMap(({ key, problem }) =>
    problem?.kind === 'fails' ? [{ key, ...problem }] : [],
  );
  return { failed, tried: tried.length };
}

/** The result, or the error of a row or of all rows together. */
export type Attempt<T> =
  { readonly value: T; readonly problem: null } | { readonly value: null; readonly problem: RowProblem };

/** Everything is as before if there is a problem. @throws an error that no single row causes */
export async function attempt<T>(session: Session, work: () => Promise<T>): Promise<Attempt<T>> {
  try {
    return { value: await session.part(work), problem: null };
  } catch (error) {
    const kind = kindOf(error);
    if (kind === null) throw error;
    const problem = { error: rehearsalProblem(error), code: sqlState(error) ?? null, kind };
    return { value: null, problem };
  }
}

function kindOf(error: unknown): RowProblem['kind'] | null {
  if (error instanceof BatchCodeError || error instanceof StillPendingError) return 'fails';
  const ofDatabase = classifyDatabaseError(error);
  if (ofDatabase === 'poison') return 'fails';
  if (ofDatabase === 'lock') return 'locked';
  return ofDatabase === 'too-slow' ? 'too-slow' : null;
}

const NEEDS_LOCK =
  'another session holds a lock that the change needs, e.g. on a row to which a foreign key refers. A run waits for it and says for which session; a plan does not';

/** The text of an error of a rehearsed batch. */
export function rehearsalProblem(error: unknown): string {
  if (classifyDatabaseError(error) === 'lock') return NEEDS_LOCK;
  return messageOf(error instanceof BatchCodeError ? error.cause : error);
}
