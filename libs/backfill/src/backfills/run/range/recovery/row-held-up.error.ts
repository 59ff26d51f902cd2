import type { Key } from '../../../../ledger/range.js';
import { messageOf } from '../../../../postgres/error-classes.js';

/** The change of a single row waited for a lock, although the batch locked no other row. */
export class RowHeldUpError extends Error {
  readonly key: Key;

  constructor(key: Key, cause: unknown) {
    super(messageOf(cause), { cause });
    this.name = 'RowHeldUpError';
    this.key = key;
  }
}
