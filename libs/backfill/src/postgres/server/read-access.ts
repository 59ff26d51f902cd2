import { boolean } from '../decoders.js';
import { SYNCHRONOUS_STANDBY } from '../session-description.js';
import type { Session } from '../session.js';
import { APPLICATION_NAME_PREFIX } from '../timeout-policy.js';

/**
 * Why a server executes no changes:
 * - `standby`: it is in recovery. A failover promotes it within seconds.
 * - `read-only`: `default_transaction_read_only` is on for the session. An operator has set it.
 */
export type ReadOnlyCause = 'standby' | 'read-only';

/** What a run that changes rows waits for. */
export const READ_ONLY_WAITS: Readonly<Record<ReadOnlyCause, string>> = {
  standby: 'the server to become a primary: it is a standby (in recovery) and executes no changes',
  'read-only':
    'the database to accept changes: default_transaction_read_only is on. To continue, set it to off for the database or the role',
};

/** @returns null if the server executes changes of this session @throws the driver's error */
export async function readOnlyCause(session: Session): Promise<ReadOnlyCause | null> {
  const { last } = await session.send([
    {
      text: `SELECT pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('transaction_read_only') = 'on'`,
    },
  ]);
  const { isStandby, isReadOnly } = last.one({ isStandby: boolean, isReadOnly: boolean });
  if (isStandby) return 'standby';
  return isReadOnly ? 'read-only' : null;
}

/** What holds every run of this database now; null if nothing does. @throws the driver's error */
export async function readServerWait(session: Session): Promise<string | null> {
  const cause = await readOnlyCause(session);
  if (cause !== null) return READ_ONLY_WAITS[cause];
  const { last } = await session.send([
    {
      text: `SELECT EXISTS (SELECT FROM pg_catalog.pg_stat_activity AS a WHERE a.datname = pg_catalog.current_database()
        AND a.wait_event = 'SyncRep' AND a.application_name LIKE $1 || '%')`,
      values: [APPLICATION_NAME_PREFIX],
    },
  ]);
  return last.value(boolean) ? SYNCHRONOUS_STANDBY : null;
}
