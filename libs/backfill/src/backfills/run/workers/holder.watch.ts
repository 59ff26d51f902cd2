import { hostname } from 'node:os';
import type { BackfillLedger } from '../../../ledger/backfill.ledger.js';
import type { ForeignLease, LeaseScope } from '../../../ledger/range.js';
import type { RunConnection } from '../connection/run-connection.js';
import type { StopSignal } from '../stop/stop-signal.js';

/** Milliseconds between two looks at a lease. */
const LOOK = 250;

/**
 * Finds out whether the holder of a lease is alive: it is when it gives a sign of life; it is not when its lease runs out,
 * or when it was a process of this machine that is gone.
 *
 * @param isNeeded asked again and again: whether there is something else to do than to watch
 * @returns the living holder, or the one that was watched in vain; null when the ranges are free to take
 */
export async function watchHolder(
  connection: RunConnection,
  ledger: BackfillLedger,
  among: LeaseScope,
  stop: StopSignal,
  isNeeded: () => Promise<boolean> = () => Promise.resolve(false),
): Promise<ForeignLease | null> {
  const look = async () => {
    const leases = await connection.use((session) => ledger.leases.foreignLeases(session, among));
    // What has run out in another scope is not free to take in this one.
    return among === 'every' ? leases.filter(({ expiresInMs }) => expiresInMs > 0) : leases;
  };
  const leases = await look();
  const [first] = leases;
  if (first === undefined) return null;
  // Our own, which we do not know of: it was taken with a connection that was lost before it could tell.
  const dead = leases.filter(({ owner }) => owner === ledger.owner || isDeadHere(owner));
  for (const owner of new Set(dead.map((lease) => lease.owner)))
    await connection.use((session) => ledger.leases.expire(session, owner));
  if (dead.length > 0) return null;
  for (;;) {
    const [now] = await look();
    if (now === undefined || now.expiresInMs === 0) return null;
    if (now.sign !== first.sign || stop.reason !== null || (await isNeeded())) return now;
    await stop.sleep(Math.min(LOOK, now.expiresInMs + 1));
  }
}

/** Even if it errs (two machines of one name), the fencing token lets only one of the two commit. */
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

/** `host:pid:instance`; a host's name has no colon. */
function splitOwner(owner: string): [host: string, pid: number] {
  const [host = '', pid = ''] = owner.split(':');
  return [host, Number(pid)];
}
