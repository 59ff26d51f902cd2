import { hostname, userInfo } from 'node:os';

/** The person who uses this process, as the ledger records it: `user@host`. */
export function actor(): string {
  return `${userName()}@${hostname()}`;
}

/** `userInfo()` throws if the user has no name, as in many containers. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return process.env['USER'] ?? `uid-${process.getuid?.() ?? 'unknown'}`;
  }
}
