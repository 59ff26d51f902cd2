/** What an error means for the batch that it ended. */
export const ERROR_CLASSES = [
  'connection',
  'lock',
  'conflict',
  'busy',
  'too-slow',
  'lease-lost',
  'poison',
  'programming',
] as const;

/**
 * - `connection`: the session is gone (network, restart, terminated): again, on a fresh one
 * - `lock`: a lock was not to be had in time: again
 * - `conflict`: deadlock or serialization failure: again
 * - `busy`: the server has no room or is not ready: again, later
 * - `too-slow`: the statement timeout: a smaller batch
 * - `lease-lost`: somebody else works on the range now: leave it to them
 * - `poison`: a row's own fault: find the row
 * - `programming`: it would fail for every row: stop
 */
export type ErrorClass = (typeof ERROR_CLASSES)[number];

/** SQLSTATEs raised by the ledger's `demand` function. */
export const LEASE_LOST = 'NB001';
export const STILL_PENDING = 'NB002';
export const PARTLY_DONE = 'NB003';
export const TRANSACTION_ENDED = 'NB004';

/** A statement failed before, and whoever sent it went on regardless. */
export const IN_FAILED_TRANSACTION = '25P02';

const BY_CODE: Readonly<Record<string, ErrorClass>> = {
  '55P03': 'lock',
  '40P01': 'conflict',
  '40001': 'conflict',
  '25006': 'busy', // read-only: the primary has become a standby
  '25P03': 'connection', // idle_in_transaction_session_timeout ended the session
  '25P04': 'connection', // transaction_timeout ended the session
  '57P01': 'connection',
  '57P02': 'connection',
  '57P03': 'busy',
  '57P05': 'connection',
  '26000': 'conflict', // a prepared statement that a pooler or DISCARD ALL took away: it is prepared again
  P0001: 'poison', // RAISE EXCEPTION, as in a trigger
  P0004: 'poison',
  '44000': 'poison', // WITH CHECK OPTION
  '54000': 'poison', // a row over a limit, e.g. of an index entry
  [LEASE_LOST]: 'lease-lost',
  [STILL_PENDING]: 'poison',
  [PARTLY_DONE]: 'poison',
};

/** By the first two characters of the SQLSTATE (PostgreSQL manual, appendix A). */
const BY_PREFIX: Readonly<Record<string, ErrorClass>> = {
  '08': 'connection',
  '22': 'poison',
  '23': 'poison',
  '53': 'busy',
  '58': 'busy',
  XX: 'programming',
};

const CONNECTION_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);
const CONNECTION_WORDS =
  /connection (?:terminated|ended|was closed|error)|client has encountered a connection error|not queryable|Client was closed|timeout exceeded when trying to connect|Query read timeout|Driver not Connected|(?:query runner|was) already released/i;

/** The SQLSTATE of an error that came from PostgreSQL, also when TypeORM wrapped it. */
export function sqlState(error: unknown): string | undefined {
  const own = codeOf(error);
  if (own && /^[0-9A-Z]{5}$/.test(own) && !CONNECTION_CODES.has(own) && !isErrno(error)) return own;
  const driver = (error as { driverError?: unknown } | null)?.driverError;
  return driver === undefined ? undefined : sqlState(driver);
}

/** Where PostgreSQL was when the error came up, in its own words: e.g. `while locking tuple (0,7) in relation "customers"`. */
export function contextOf(error: unknown): string | undefined {
  const { where, driverError } = error as { where?: unknown; driverError?: unknown };
  if (typeof where === 'string') return where.split('\n')[0];
  return driverError === undefined ? undefined : contextOf(driverError);
}

/** Whether the database could not be reached or was lost. */
export function isConnectionError(error: unknown): boolean {
  return isTransportError(error) || classOfState(error) === 'connection';
}

/** What a database error means for the batch; `undefined` for errors that did not come from the database. */
export function classifyDatabaseError(error: unknown): ErrorClass | undefined {
  if (isTransportError(error)) return 'connection';
  return classOfState(error);
}

function classOfState(error: unknown): ErrorClass | undefined {
  const state = sqlState(error);
  if (!state) return undefined;
  // A timeout and a person's wish have one code, and words in the server's language. What was not understood is taken for a
  // timeout: then the batch gets smaller, and does not run into it again and again.
  if (state === '57014') return /user request/i.test(messageOf(error)) ? 'conflict' : 'too-slow';
  if (state === '0A000' && routineOf(error) === 'RevalidateCachedQuery') return 'conflict';
  return BY_CODE[state] ?? BY_PREFIX[state.slice(0, 2)] ?? 'programming';
}

function isTransportError(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(isTransportError);
  const code = codeOf(error);
  if (code && CONNECTION_CODES.has(code)) return true;
  return sqlState(error) === undefined && CONNECTION_WORDS.test(messageOf(error));
}

/** Errors of Node.js have codes too, some of them as long as a SQLSTATE: EBUSY, EPERM. */
function isErrno(error: unknown): boolean {
  return typeof (error as { errno?: unknown }).errno === 'number';
}

/** The function of PostgreSQL that raised it: told in no language. */
function routineOf(error: unknown): unknown {
  const { routine, driverError } = error as { routine?: unknown; driverError?: unknown };
  return routine ?? (driverError === undefined ? undefined : routineOf(driverError));
}

function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
