import { BackfillError } from '../../errors/backfill.error.js';
import type { BackfillDefinition } from '../definition/definition.js';

const MAX_KEYS = 1_000;

/** The keys of the rows to retry do not fit the backfill. @publicApi */
export class RetryKeysError extends BackfillError {
  constructor(subject: string, problem: string, remedy: string) {
    super(`Rows to retry of "${subject}": ${problem}.`, { subject, remedy });
  }
}

/** @throws RetryKeysError */
export function checkRetryKeys(
  selected: readonly BackfillDefinition[],
  keys: readonly (readonly string[])[],
): void {
  const [only] = selected;
  if (only === undefined || selected.length > 1) {
    const names = selected.map(({ name }) => name).join(', ');
    throw new RetryKeysError(names, 'keys belong to one backfill', 'Give its name alone.');
  }
  const { name, key } = only;
  const columns = key.map(({ databaseName }) => databaseName).join(', ');
  const remedy = `Give one text for each column of the key: ${columns}. The quarantine lists the keys.`;
  if (keys.length === 0) throw new RetryKeysError(name, 'no key was given', remedy);
  if (keys.length > MAX_KEYS)
    throw new RetryKeysError(
      name,
      `${keys.length} keys were given, and ${MAX_KEYS} are the most`,
      'Give fewer of them, or retry the whole quarantine.',
    );
  for (const each of keys)
    if (!isKey(each, key.length))
      throw new RetryKeysError(name, `${JSON.stringify(each)} is not a key of its table`, remedy);
}

function isKey(value: unknown, columns: number): boolean {
  return (
    Array.isArray(value) &&
    value.length === columns &&
    value.every((part) => typeof part === 'string' && !part.includes('\0'))
  );
}
