/** System errors of a connection that was not made or did not last. */
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
 * SQLSTATEs of a server that is there but takes no session now: class 08 (connection exception), shut down, crashed,
 * starting up, too many connections.
 */
const UNREACHABLE_SQLSTATE = /^(08...|57P01|57P02|57P03|53300)$/;

/** node-postgres gives these no code. */
const UNREACHABLE_MESSAGE =
  /^(Connection terminated|timeout expired|timeout exceeded when trying to connect)/;

/** Whether waiting may help: the database cannot be reached now. A wrong password or a missing database is not that. */
export function isDatabaseUnreachable(error: unknown): boolean {
  return errorsWithin(error).some(
    ({ code, syscall, message }) =>
      UNREACHABLE_SYSTEM_CODES.has(code) ||
      UNREACHABLE_SQLSTATE.test(code) ||
      // The Unix socket of a server that is not running.
      (code === 'ENOENT' && syscall === 'connect') ||
      UNREACHABLE_MESSAGE.test(message),
  );
}

/**
 * The SQLSTATE with which a server that was reached refused the session: class 28 (wrong user or password), no such database.
 */
export function refusalState(error: unknown): string | undefined {
  return errorsWithin(error)
    .map(({ code }) => code)
    .find((code) => /^(28...|3D000)$/.test(code));
}

/** The plainest words for it, e.g. `connect ECONNREFUSED 127.0.0.1:5432`; an AggregateError has none of its own. */
export function reachabilityMessage(error: unknown): string {
  const messages = errorsWithin(error)
    .filter(({ leaf }) => leaf)
    .map(({ message, code }) => message || code)
    .filter(Boolean);
  return [...new Set(messages)].join(', ') || String(error);
}

interface SeenError {
  readonly code: string;
  readonly syscall: string;
  readonly message: string;
  readonly leaf: boolean;
}

/** The error, what caused it, what it wraps (TypeORM's `driverError`) and what it gathers (`AggregateError`). */
function errorsWithin(error: unknown, seen = new Set<unknown>()): SeenError[] {
  if (typeof error !== 'object' || error === null || seen.has(error)) return [];
  seen.add(error);
  const { code, syscall, message, cause, driverError, errors } = error as Record<string, unknown>;
  const inner = [cause, driverError, ...(Array.isArray(errors) ? (errors as unknown[]) : [])].flatMap(
    (each) => errorsWithin(each, seen),
  );
  const own = { code: text(code), syscall: text(syscall), message: text(message), leaf: inner.length === 0 };
  return [own, ...inner];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
