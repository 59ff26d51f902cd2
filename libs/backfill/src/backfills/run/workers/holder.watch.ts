import { hostname } from 'node:os';
import type { BackfillLedger } from '../../../ledger/backfill.ledger.js';
import type { ForeignLease, LeaseScope } from '../../../ledger/range.js';
import type { RunConnection } from '../connection/run-connection.js';
import type { StopSignal } from '../stop/stop-signal.js';

const POLL_INTERVAL_MS = 250;

export interface HolderWatchOptions {
  readonly connection: RunConnection;
  readonly ledger: BackfillLedger;
  /** The scope whose leases are watched. */
  readonly among: LeaseScope;
  readonly stop: StopSignal;
  /** Polled: true ends the watch early, because the caller has something else to do. @default never */
  readonly isInterrupted?: (() => Promise<boolean>) | undefined;
}

/**
 * Finds out whether the holder of a lease is alive. It is alive if it renews its lease. It is dead if the
 * lease expires, or if it was a process on this host that no longer exists.
 *
 * @returns the holder that is alive, or that was watched until an interruption; null if the ranges are free
 */
export async function watchHolder(options: HolderWatchOptions): Promise<ForeignLease | null> {
  const { ledger, stop, isInterrupted } = options;
  const leases = await readLeases(options);
  const [first] = leases;
  if (first === undefined) return null;
  // A lease of this very process was acquired over a connection that was lost before the reply arrived.
  const dead = leases
    .map(({ owner }) => owner)
    .filter((owner) => owner === ledger.owner || isDeadHere(owner));
  await expireLeases(options, new Set(dead));
  if (dead.length > 0) return null;
  for (;;) {
    const [current] = await readLeases(options);
    if (current === undefined || current.expiresInMs === 0) return null;
    if (current.renewal !== first.renewal || stop.reason !== null || (await isInterrupted?.()))
      return current;
    await stop.sleep(Math.min(POLL_INTERVAL_MS, current.expiresInMs + 1));
  }
}

async function readLeases({ connection, ledger, among }: HolderWatchOptions): Promise<ForeignLease[]> {
  const leases = await connection.use((session) => ledger.leases.foreignLeases(session, among));
  // A range of another scope is not free for this run, even if its lease has expired.
  return among === 'every' ? leases.filter(({ expiresInMs }) => expiresInMs > 0) : leases;
}

async function expireLeases(
  { connection, ledger }: HolderWatchOptions,
  owners: ReadonlySet<string>,
): Promise<void> {
  for (const owner of owners) await connection.use((session) => ledger.leases.expire(session, owner));
}

/**
 * If two hosts have the same name, the answer may be wrong. The fencing token then still lets only one
 * process commit.
 */
function isDeadHere(owner: string): boolean {
  const [host, pid] = splitOwner(owner);
  if (host !== hostname() || !Number.isInteger(pid) || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/** An owner is `host:pid:instance`. A host name contains no colon. */
function splitOwner(owner: string): [host: string, pid: number] {
  const [host = '', pid = ''] = owner.split(':');
  return [host, Number(pid)];
}
