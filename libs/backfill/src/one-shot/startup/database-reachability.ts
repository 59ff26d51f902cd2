/** Codes of system errors for a connection that could not be made or was lost. */
const UNREACHABLE_SYSTEM_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'EPIPE',
]);

/**
 * SQLSTATEs of a server that accepts no session now, or no changes, e.g. of migrations at the start: class 08
 * (connection exception), shutting down, crashed, starting up, too many connections, standby.
 */
const UNREACHABLE_SQLSTATE = /^(08...|57P01|57P02|57P03|53300|25006)$/;

/** SQLSTATEs with which a server refuses a session: class 28 (wrong user or password), no such database. */
const REFUSED_SQLSTATE = /^(28...|3D000)$/;

/** Errors of node-postgres without a code. */
const UNREACHABLE_MESSAGE =
  /^(Connection terminated|timeout expired|timeout exceeded when trying to connect)/;

/**
 * Whether the error means that the database cannot be reached now, so that waiting may help. A wrong password
 * or database name does not mean that.
 */
export function isDatabaseUnreachable(error: unknown): boolean {
  return flattenErrors(error).some(
    ({ code, syscall, message }) =>
      UNREACHABLE_SYSTEM_CODES.has(code) ||
      UNREACHABLE_SQLSTATE.test(code) ||
      // The Unix socket of a server that is not running.
      (code === 'ENOENT' && syscall === 'connect') ||
      UNREACHABLE_MESSAGE.test(message),
  );
}

/** The SQLSTATE with which a reachable server refused the session. */
export function refusalState(error: unknown): string | undefined {
  return flattenErrors(error)
    .map(({ code }) => code)
    .find((code) => REFUSED_SQLSTATE.test(code));
}

/**
 * The messages of the innermost errors, e.g. `connect ECONNREFUSED 127.0.0.1:5432`: an AggregateError has
 * none itself.
 */
export function reachabilityMessage(error: unknown): string {
  const messages = flattenErrors(error)
    .filter(({ isInnermost }) => isInnermost)
    .map(({ message, code }) => message || code)
    .filter(Boolean);
  return [...new Set(messages)].join(', ') || String(error);
}

interface FlatError {
  readonly code: string;
  readonly syscall: string;
  readonly message: string;
  readonly isInnermost: boolean;
}

/** The error, its cause, the error that TypeORM wraps (`driverError`) and those of an `AggregateError`. */
function flattenErrors(error: unknown, seen = new Set<unknown>()): FlatError[] {
  if (typeof error !== 'object' || error === null || seen.has(error)) return [];
  seen.add(error);
  const { code, syscall, message, cause, driverError, errors } = error as Record<string, unknown>;
  const inner = [cause, driverError, ...(Array.isArray(errors) ? (errors as unknown[]) : [])].flatMap(
    (item) => flattenErrors(item, seen),
  );
  const outer = {
    code: textOf(code),
    syscall: textOf(syscall),
    message: textOf(message),
    isInnermost: inner.length === 0,
  };
  return [outer, ...inner];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
