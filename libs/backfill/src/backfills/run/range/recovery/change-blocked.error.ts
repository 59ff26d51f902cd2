import type { Key } from '../../../../ledger/range.js';
import { messageOf } from '../../../../postgres/error-classes.js';

/**
 * The change of one row waited for a lock on something else, e.g. on a parent row. The row itself was free.
 */
export class ChangeBlockedError extends Error {
  readonly key: Key;
  /** The cursor after the row. */
  readonly cursor: Key | null;

  constructor({ key, cursor }: { readonly key: Key; readonly cursor: Key | null }, cause: unknown) {
    super(messageOf(cause), { cause });
    this.name = 'ChangeBlockedError';
    this.key = key;
    this.cursor = cursor;
  }
}
