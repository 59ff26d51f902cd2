import type { BackfillKind } from '../../report/backfill-kind.js';

/** The rights on the backfill's table. A batch also locks its rows, which needs UPDATE on one column. */
export const TABLE_RIGHTS = {
  set: ['SELECT', 'UPDATE'],
  transform: ['SELECT', 'UPDATE'],
  process: ['SELECT', 'UPDATE'],
  copy: ['SELECT', 'UPDATE'],
  purge: ['SELECT', 'UPDATE', 'DELETE'],
} as const satisfies Record<BackfillKind, readonly string[]>;

/** `copy`: the rights on the table that it writes. ON CONFLICT reads the columns of the conflict. */
export const COPY_TARGET_RIGHTS = ['SELECT', 'INSERT'] as const;

/** The rights on the tables of the ledger. */
export const LEDGER_RIGHTS = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'] as const;
