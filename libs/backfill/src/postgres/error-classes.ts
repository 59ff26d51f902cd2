import { hasCleanMessage } from '../errors/backfill.error.js';
import { isRedacting, redactText } from '../errors/redaction.js';

/** The classes of errors that can end a batch. The class determines how a run reacts. */
export const ERROR_CLASSES = [
  'connection',
  'lock',
  'conflict',
  'busy',
  'too-slow',
  'lease-lost',
  'file-replaced',
  'poison',
  'programming',
] as const;

/**
 * - `connection`: the connection is lost (network, server restart, terminated session). Retry on a new
 *   connection.
 * - `lock`: the lock timeout. Retry.
 * - `conflict`: a deadlock or serialization failure. Retry.
 * - `busy`: the server has no capacity, is not ready, or accepts no changes now. Retry later.
 * - `too-slow`: the statement timeout. Use a smaller batch.
 * - `lease-lost`: another process works on the range now. Release it.
 * - `file-replaced`: the table was rewritten during a sweep of its pages. Plan the sweep again.
 * - `poison`: one row causes the error, also one with a code of the application's own. Find the row.
 * - `programming`: the statement causes the error, so that every row would. Stop.
 */
export type ErrorClass = (typeof ERROR_CLASSES)[number];

/** SQLSTATEs that the ledger's `assert` function raises. */
export const LEASE_LOST = 'NB001';
export const STILL_PENDING = 'NB002';
export const PARTLY_DONE = 'NB003';
export const TRANSACTION_ENDED = 'NB004';
export const FILE_REPLACED = 'NB005';
export const TOO_MANY_CASCADES = 'NB006';
export const OVER_LIMIT = 'NB007';

/**
 * The transaction is read-only: the server is a standby, or `default_transaction_read_only` is on (see
 * `server/read-access.ts`).
 */
export const READ_ONLY = '25006';

/** The session was ended, because its transaction took longer than `transaction_timeout`. */
export const TRANSACTION_TIMEOUT = '25P04';

/** An internal error: a function of an extension cannot handle a value, or PostgreSQL itself has a fault. */
const INTERNAL = 'XX000';

/** An earlier statement of the transaction had failed, and the caller sent another statement. */
export const IN_FAILED_TRANSACTION = '25P02';

const BY_CODE: Readonly<Record<string, ErrorClass>> = {
  '55P03': 'lock',
  '40P01': 'conflict',
  '40001': 'conflict',
  [READ_ONLY]: 'busy',
  '25P03': 'connection', // idle_in_transaction_session_timeout ended the session
  [TRANSACTION_TIMEOUT]: 'connection',
  '57P01': 'connection',
  '57P02': 'connection',
  '57P03': 'busy',
  '57P05': 'connection',
  '26000': 'conflict', // a pooler or DISCARD ALL removed a prepared statement, which is prepared again
  '2F005': 'poison', // a function ended without RETURN
  '54011': 'programming', // too many columns
  '54023': 'programming', // too many arguments
  [LEASE_LOST]: 'lease-lost',
  [FILE_REPLACED]: 'file-replaced',
  [OVER_LIMIT]: 'conflict',
  [TRANSACTION_ENDED]: 'programming',
  [TOO_MANY_CASCADES]: 'programming',
  [STILL_PENDING]: 'poison',
  [INTERNAL]: 'poison',
  XX001: 'programming', // a damaged page or row
  XX002: 'programming', // a damaged index
  [PARTLY_DONE]: 'poison',
};

/** By the SQLSTATE and the C function of PostgreSQL that raised the error, which is not translated. */
const BY_ROUTINE: Readonly<Record<string, ErrorClass>> = {
  '0A000 RevalidateCachedQuery': 'conflict',
  // SET TRANSACTION READ WRITE on a standby.
  '0A000 call_bool_check_hook': 'busy',
  '0A000 check_transaction_read_only': 'busy',
  '0A000 check_XactReadOnly': 'busy',
  // A function that needs the position in the WAL, on a standby.
  '55000 pg_current_wal_lsn': 'busy',
  '55000 pg_current_wal_insert_lsn': 'busy',
  '55000 pg_walfile_name': 'busy',
  '55000 LockAcquireExtended': 'busy',
  // A policy of row-level security refuses the new version of a row.
  '42501 ExecWithCheckOptions': 'poison',
  // More than 65,535 parameters: the client writes their number in 16 bits, so the message makes no sense.
  ...Object.fromEntries(
    ['exec_bind_message', 'pq_getmsgend', 'pq_copymsgbytes', 'pq_getmsgbytes', 'pq_getmsgbyte'].map(
      (routine) => [`08P01 ${routine}`, 'programming' as const],
    ),
  ),
};

/** By the first two characters of the SQLSTATE (PostgreSQL manual, appendix A). */
const BY_PREFIX: Readonly<Record<string, ErrorClass>> = {
  '08': 'connection',
  '09': 'poison', // a trigger fails
  '20': 'poison', // CASE without a match, in PL/pgSQL
  '21': 'poison', // a subquery returns several rows
  '22': 'poison',
  '27': 'poison', // a trigger has changed the row that the statement changes
  // A session of this process has already logged in, so its password was rotated, or the role is locked for now.
  '28': 'connection',
  '23': 'poison',
  '38': 'poison', // a function in another language fails
  '39': 'poison', // a function receives a value that it does not allow
  '44': 'poison', // WITH CHECK OPTION
  '53': 'busy',
  '54': 'poison', // for example, an index entry that is too large, or a recursion that is too deep
  '58': 'busy',
  P0: 'poison', // PL/pgSQL: RAISE, ASSERT, INTO STRICT
};

/**
 * The other classes of PostgreSQL. Their errors are those of a statement, of a transaction or of the server: what it
 * cannot parse or plan, what it does not support, a right that is missing, damaged data.
 */
const OF_STATEMENT = new Set(
  '00 01 02 03 0A 0B 0F 0L 0P 0Z 10 24 25 26 2B 2D 2F 34 3B 3D 3F 40 42 55 57 72 F0 HV XX'.split(' '),
);

/** The C function of PL/pgSQL's RAISE. A function that raises an error on purpose decides by the values of a row. */
const RAISE = 'exec_stmt_raise';

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
const CONNECTION_MESSAGES =
  /connection (?:terminated|ended|was closed|error)|client has encountered a connection error|not queryable|Client was closed|timeout exceeded when trying to connect|Query read timeout|Driver not Connected|(?:query runner|was) already released/i;

/** The SQLSTATE of a PostgreSQL error, also when TypeORM has wrapped it. */
export function sqlState(error: unknown): string | undefined {
  const own = codeOf(error);
  if (own && /^[0-9A-Z]{5}$/.test(own) && !CONNECTION_CODES.has(own) && !isErrno(error)) return own;
  const driver = (error as { driverError?: unknown } | null)?.driverError;
  return driver === undefined ? undefined : sqlState(driver);
}

/** PostgreSQL's context of an error, such as `while locking tuple (0,7) in relation "customers"`. */
export function contextOf(error: unknown): string | undefined {
  const { where, driverError } = error as { where?: unknown; driverError?: unknown };
  if (typeof where === 'string') return where.split('\n')[0];
  return driverError === undefined ? undefined : contextOf(driverError);
}

/** Whether the database could not be reached, or the connection was lost. */
export function isConnectionError(error: unknown): boolean {
  return isTransportError(error) || classOfState(error) === 'connection';
}

/** The C functions of PostgreSQL that refuse a connection, e.g. to a database that takes none for now. */
const REFUSES_CONNECTION = new Set(['InitPostgres', 'CheckMyDatabase']);

/**
 * Whether the database cannot be reached, refuses connections, or takes no work or no changes for now: the same may
 * succeed later.
 *
 * @publicApi
 */
export function isDatabaseAway(error: unknown): boolean {
  const known = classifyDatabaseError(error);
  if (known === undefined) return false;
  return known === 'connection' || known === 'busy' || REFUSES_CONNECTION.has(String(routineOf(error)));
}

/** The class of a database error; undefined for an error that does not come from the database. */
export function classifyDatabaseError(error: unknown): ErrorClass | undefined {
  if (isTransportError(error)) return 'connection';
  return classOfState(error);
}

function classOfState(error: unknown): ErrorClass | undefined {
  const state = sqlState(error);
  if (!state) return undefined;
  // query_canceled is either a timeout or a user's request. Only the message distinguishes them, and it may
  // be translated. Any other text counts as a timeout: a smaller batch is always safe, but a retry of the
  // same batch could time out again.
  if (state === '57014') return /user request/i.test(rawMessageOf(error)) ? 'conflict' : 'too-slow';
  const ofRoutine = BY_ROUTINE[`${state} ${String(routineOf(error))}`];
  if (ofRoutine) return ofRoutine;
  if (state === INTERNAL && TRANSIENT_INTERNAL.test(rawMessageOf(error))) return 'conflict';
  return BY_CODE[state] ?? BY_PREFIX[state.slice(0, 2)] ?? classOfOther(error, state);
}

/** A code that is not one of PostgreSQL's can only be raised while a trigger or a function handles a row. */
function classOfOther(error: unknown, state: string): ErrorClass {
  const isOfStatement = OF_STATEMENT.has(state.slice(0, 2)) && routineOf(error) !== RAISE;
  return isOfStatement ? 'programming' : 'poison';
}

/**
 * An object that the statement was planned with no longer exists, e.g. a type that was dropped and made again, or
 * another session has changed the same row of a catalogue.
 */
const TRANSIENT_INTERNAL =
  /cache lookup failed for|could not open relation with OID|tuple concurrently (updated|deleted)/;

function isTransportError(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(isTransportError);
  const code = codeOf(error);
  if (code && CONNECTION_CODES.has(code)) return true;
  return sqlState(error) === undefined && CONNECTION_MESSAGES.test(rawMessageOf(error));
}

/** Errors of Node.js also have codes. Some are as long as an SQLSTATE, e.g. EBUSY and EPERM. */
function isErrno(error: unknown): boolean {
  return typeof (error as { errno?: unknown }).errno === 'number';
}

function routineOf(error: unknown): unknown {
  const { routine, driverError } = error as { routine?: unknown; driverError?: unknown };
  return routine ?? (driverError === undefined ? undefined : routineOf(driverError));
}

function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** The text of an error as it was thrown. Only to recognise it: it may hold personal data. */
export function rawMessageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * The text of an error for people: redacted, if the module has the option `redact`.
 *
 * @publicApi
 */
export function messageOf(error: unknown): string {
  return redactUnlessOwn(rawMessageOf(error), error);
}

/**
 * Redacts a text about an error. The library's own errors are made of redacted texts, unless the application has
 * written one (`BackfillRetryError`), and what says that there is no connection has no values of rows.
 */
export function redactUnlessOwn(text: string, error: unknown): string {
  const isClean = hasCleanMessage(error) || REDACTED.has(error as object) || isTransportError(error);
  return isClean ? text : redactText(text, error);
}

const REDACTED = new WeakSet<object>();

/** The error for a report: redacted, if the module has the option `redact`; otherwise the same. */
export function reportableError(error: unknown): Error {
  const raw = error instanceof Error ? error : new Error(String(error));
  if (!isRedacting() || hasCleanMessage(raw)) return raw;
  const message = messageOf(raw);
  const redacted = new Error(message);
  redacted.name = raw.name;
  redacted.stack = stackOf(raw);
  REDACTED.add(redacted);
  return redacted;
}

/**
 * The stack of an error for a log, with its text redacted as `messageOf` does.
 *
 * @publicApi
 */
export function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return messageOf(error);
  const stack = error.stack ?? error.message;
  if (!isRedacting()) return stack;
  const frames = stack.split('\n').filter((line) => /^ {4}at /.test(line));
  return [`${error.name}: ${messageOf(error)}`, ...frames].join('\n');
}
