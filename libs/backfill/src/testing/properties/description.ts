import { RehearsalError } from '../rehearsal.error.js';
import type { RehearsalStage, RehearsedRun, StoredChange } from '../rehearsal.options.js';

/** E.g. `leads {"id":"3"}: search_name 'a' → 'b'`. */
export function describeChange({ table, key, before, after }: StoredChange): string {
  if (!before) return `${table} ${key}: inserted`;
  if (!after) return `${table} ${key}: deleted`;
  const values = Object.keys(before)
    .sort()
    .map((column) => `${column} ${show(before[column])} → ${show(after[column])}`);
  return `${table} ${key}: ${values.join(', ')}`;
}

function show(value: string | null | undefined): string {
  return value === null || value === undefined ? 'NULL' : `'${value}'`;
}

/** The first row on which two runs differ; undefined if there is none. */
export function firstDifference(
  expected: readonly StoredChange[],
  actual: readonly StoredChange[],
): string | undefined {
  const rowOf = ({ table, key }: StoredChange) => `${table} ${key}`;
  const [left, right] = [expected, actual].map(
    (changes) => new Map(changes.map((each) => [rowOf(each), each])),
  );
  for (const row of new Set([...(left?.keys() ?? []), ...(right?.keys() ?? [])])) {
    const [one, other] = [left?.get(row), right?.get(row)];
    const [oneText, otherText] = [one, other].map((each) => (each ? full(each) : `${row}: not changed`));
    if (oneText !== otherText) return `${String(otherText)} instead of ${String(oneText)}`;
  }
  return undefined;
}

function full(change: StoredChange): string {
  if (change.before && change.after) return describeChange(change);
  return `${describeChange(change)} ${JSON.stringify(change.before ?? change.after)}`;
}

/** A run of the unchanged rows, in batches of 200. @throws RehearsalError if no row is pending or it does not complete */
export async function plainRun(stage: RehearsalStage): Promise<RehearsedRun> {
  if ((await stage.pendingKeys()).length === 0)
    throw new RehearsalError(
      stage.subject,
      'no row of `rows` is pending, so no property can be tried.',
      'Give rows that match `where`.',
    );
  const run = await stage.run();
  await assertProved(stage, run, 'a run');
  return run;
}

/** @param what the run, as the subject of a sentence @throws RehearsalError */
export async function assertProved(
  stage: RehearsalStage,
  { report }: RehearsedRun,
  what: string,
): Promise<void> {
  if (report.proved) return;
  throw new RehearsalError(
    stage.subject,
    `${what} did not complete: it is ${report.status}. ${report.reason}${await describeQuarantine(stage)}`,
    'Fix the cause; `falsifiesWhere` names the rows that are left.',
  );
}

/** The errors of the rows in quarantine, as the end of a sentence; empty without such rows. */
export async function describeQuarantine(stage: RehearsalStage): Promise<string> {
  const rows = await stage.quarantine();
  return rows.map(({ key, error }) => `\n  ${key.join(', ')}: ${error}`).join('');
}

/** @param what the run, as the subject of a sentence @throws RehearsalError */
export function assertSame(
  { subject }: RehearsalStage,
  {
    expected,
    actual,
    what,
  }: { readonly expected: RehearsedRun; readonly actual: RehearsedRun; readonly what: string },
): void {
  const difference = firstDifference(expected.changes, actual.changes);
  if (difference === undefined) return;
  throw new RehearsalError(
    subject,
    `${what} changed the rows in another way: ${difference}.`,
    'Make the change of a row depend on that row alone, not on the batch, on time or on what an earlier batch did; name columns that differ on purpose in `alsoChanges`.',
  );
}
