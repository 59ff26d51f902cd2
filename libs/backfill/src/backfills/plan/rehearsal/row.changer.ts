import type { Key, LeasedRange } from '../../../ledger/range.js';
import { classifyDatabaseError, messageOf, sqlState } from '../../../postgres/error-classes.js';
import type { Session } from '../../../postgres/session.js';
import { BatchCodeError } from '../../batch/batch-code.error.js';
import type { BatchRunner, SweepStep } from '../../batch/batch.js';
import type { RowSelection } from '../../batch/row-selection.js';
import { StillPendingError } from '../../run.error.js';
import { nextRows, skippingLock } from './rows.reader.js';

/** At most this many rows are changed one by one. */
const MAX_TRIED = 200;

/** A row that cannot be changed. */
export interface FailedRow {
  readonly key: Key;
  readonly error: string;
  /** The SQLSTATE; null if it is not an error of the database. */
  readonly code: string | null;
}

export interface RowsOfBatch {
  readonly runner: BatchRunner;
  readonly range: LeasedRange;
  readonly step: SweepStep;
}

/**
 * Changes the rows as one batch. If a row cannot be changed, changes each of them by itself, as a run does in the end:
 * the rows that cannot be changed go to quarantine in this transaction, and the others are changed.
 *
 * @param batch `keys`: the rows that it selects, in its order. This transaction has locked them
 * @returns the rows that cannot be changed
 * @throws an error that no single row causes
 */
export async function changeEachRow(
  session: Session,
  selection: RowSelection,
  { runner, range, step, keys }: RowsOfBatch & { readonly keys: readonly Key[] },
): Promise<readonly FailedRow[]> {
  const change = (limit: number) =>
    attempt(session, () => runner.rehearse(session, range, { ...step, limit }));
  if ((await change(keys.length)).problem === null) return [];
  const failed: FailedRow[] = [];
  for (const key of keys) {
    const { problem } = await change(1);
    if (problem === null) continue;
    failed.push({ key, ...problem });
    await session.send([selection.ledger.quarantine.add({ key, tenant: null, ...problem })]);
  }
  return failed;
}

export interface FailedRows {
  readonly failed: readonly FailedRow[];
  /** The number of rows that were tried. */
  readonly tried: number;
}

/** Finds the first rows of a batch that cannot be changed. Afterwards everything is as before. @throws as `changeEachRow` */
export async function findFailedRows(
  session: Session,
  selection: RowSelection,
  batch: RowsOfBatch,
): Promise<FailedRows> {
  const { range, step } = batch;
  const next = { range, step: { ...step, limit: Math.min(step.limit, MAX_TRIED) }, columns: [] };
  return session.part(async () => {
    const rows = await nextRows(session, selection, { ...next, lock: skippingLock(selection.definition) });
    const keys = rows.map(({ key }) => key);
    return { failed: await changeEachRow(session, selection, { ...batch, keys }), tried: keys.length };
  }, 'rolled-back');
}

/** The result, or the error that a row caused. */
export type Attempt<T> =
  | { readonly value: T; readonly problem: null }
  | { readonly value: null; readonly problem: Pick<FailedRow, 'error' | 'code'> };

/** Everything is as before if a row causes an error. @throws an error that no single row causes */
export async function attempt<T>(session: Session, work: () => Promise<T>): Promise<Attempt<T>> {
  try {
    return { value: await session.part(work), problem: null };
  } catch (error) {
    if (!isOfRow(error)) throw error;
    return { value: null, problem: { error: rehearsalProblem(error), code: sqlState(error) ?? null } };
  }
}

function isOfRow(error: unknown): boolean {
  return (
    error instanceof BatchCodeError ||
    error instanceof StillPendingError ||
    classifyDatabaseError(error) === 'poison'
  );
}

/** The text of an error of a rehearsed batch. */
export function rehearsalProblem(error: unknown): string {
  return messageOf(error instanceof BatchCodeError ? error.cause : error);
}
