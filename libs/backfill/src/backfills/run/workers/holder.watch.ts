import { hostname } from 'node:os';
import type { BackfillLedger } from '../../../ledger/backfill.ledger.js';
import type { ForeignLease, LeaseScope } from '../../../ledger/range.js';
import type { RunConnection } from '../connection/run-connection.js';
import type { StopSignal } from '../stop/stop-signal.js';

const POLL_INTERVAL_MS = 250;

export interface HolderWatchOptions {
  readonly connection: RunConnection;
  readonly ledger: BackfillLedger;
  /** The scope whose leases are checked. */
  readonly leaseScope: LeaseScope;
  readonly stop: StopSignal;
  /** Polled; true ends the watch early, because the caller must do other work. @default never */
  readonly isInterrupted?: (() => Promise<boolean>) | undefined;
}

/**
 * Finds out whether the holder of a lease is alive. A holder that renews its lease is alive. A holder is dead
 * if its lease expires, or if its process ran on this host and no longer exists. The leases of dead processes
 * are ended.
 *
 * @returns the holder if it is alive, or if the watch ended early; null if its ranges are free
 */
export async function watchHolder(options: HolderWatchOptions): Promise<ForeignLease | null> {
  const { ledger, stop, isInterrupted } = options;
  const leases = await readLeases(options);
  const [first] = leases;
  if (first === undefined) return null;
  // A lease of this process that it does not know: the connection was lost before the reply arrived.
  const dead = leases
    .map(({ owner }) => owner)
    .filter((owner) => owner === ledger.owner || isDeadOnThisHost(owner));
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

async function readLeases({ connection, ledger, leaseScope }: HolderWatchOptions): Promise<ForeignLease[]> {
  const leases = await connection.use((session) => ledger.leases.foreignLeases(session, leaseScope));
  // This run cannot take a range of another scope, so an expired lease of another scope does not matter.
  return leaseScope === 'every' ? leases.filter(({ expiresInMs }) => expiresInMs > 0) : leases;
}

async function expireLeases(
  { connection, ledger }: HolderWatchOptions,
  owners: ReadonlySet<string>,
): Promise<void> {
  for (const owner of owners) await connection.use((session) => ledger.leases.expire(session, owner));
}

/**
 * Whether the owner was a process on this host that no longer exists. The result may be wrong if two hosts
 * have the same name. The fencing token still allows only one process to commit.
 */
function isDeadOnThisHost(owner: string): boolean {
  const [host, pid] = splitOwner(owner);
  if (host !== hostname() || !Number.isInteger(pid) || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/** Splits an owner, which is `host:pid:run`. The host contains no colon. */
function splitOwner(owner: string): [host: string, pid: number] {
  const [host = '', pid = ''] = owner.split(':');
  return [host, Number(pid)];
}
