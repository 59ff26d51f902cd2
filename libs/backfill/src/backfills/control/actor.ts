import { hostname, userInfo } from 'node:os';

/** Who gives the order, as the ledger keeps it: `user@host`. */
export function actor(): string {
  return `${userName()}@${hostname()}`;
}

/** A container's user may have no name, and then asking for it is an error. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return process.env['USER'] ?? `uid-${process.getuid?.() ?? 'unknown'}`;
  }
}
