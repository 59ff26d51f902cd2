import { BackfillError } from '../../../errors/backfill.error.js';
import { formatQuantity } from '../../../text/quantity.format.js';
import type { CascadeReport } from '../../../report/cascade-report.js';
import { MAX_UNACCEPTED_ROWS } from './cascade.meter.js';

/**
 * The deletes of a `purge`, or the changes of a column that other tables refer to, take many rows of other tables along,
 * through foreign keys with CASCADE, SET NULL or SET DEFAULT, and the backfill does not declare `cascades: 'accepted'`.
 *
 * @publicApi
 */
export class CascadesNotAcceptedError extends BackfillError {
  /** @param problem what was measured, as a clause */
  constructor(backfill: string, cascades: readonly CascadeReport[], problem: string) {
    super(
      `Backfill "${backfill}": its changes reach other rows (${cascades.map(describe).join('; ')}), and ${problem}.`,
      {
        subject: backfill,
        remedy: `If these rows may be deleted or changed too, declare \`cascades: 'accepted'\`. Otherwise purge or move them first; without it, a run takes at most ${formatQuantity(MAX_UNACCEPTED_ROWS, 'row')} along. Nothing more was changed.`,
      },
    );
  }
}

/** `orders_customer_fkey of "public"."orders" ON DELETE CASCADE` */
function describe({ constraint, table, event, action }: CascadeReport): string {
  return `${constraint} of ${table} ON ${event} ${action}`;
}
