/** Where the text of an error comes from, and what the database names in it. @publicApi */
export interface RedactionContext {
  /** `database`: PostgreSQL reported it; `code`: any other error, for example of the code of a backfill. */
  readonly source: 'database' | 'code';
  /** The name of the error class, e.g. `TypeError`. */
  readonly errorName: string;
  /** The SQLSTATE; null for an error that PostgreSQL did not report. */
  readonly code: string | null;
  /** The names of the violated constraint, its table and its column, if PostgreSQL names them. */
  readonly constraint: string | null;
  readonly table: string | null;
  readonly column: string | null;
}

/**
 * Returns what of the text of an error may be logged, recorded in the ledger and reported.
 *
 * @publicApi
 */
export type Redact = (text: string, context: RedactionContext) => string;

/** The option `redact` of the module. */
export type Redaction = true | Redact;

/** Of each application in this process. An error text does not know to which one it belongs. */
const ACTIVE = new Set<Redact>();

/** Redacts every error text of this process from now on. @returns ends it */
export function startRedaction(redaction: Redaction | undefined): () => void {
  if (redaction === undefined) return () => undefined;
  const redact: Redact =
    redaction === true ? (_, context) => withoutValues(context) : (...given) => redaction(...given);
  ACTIVE.add(redact);
  return () => void ACTIVE.delete(redact);
}

export function isRedacting(): boolean {
  return ACTIVE.size > 0;
}

/** What is left of the text of an error. A redaction that throws, or returns no text, leaves no value of a row. */
export function redactText(text: string, error: unknown): string {
  let left = text;
  for (const redact of ACTIVE) {
    const context = contextOf(error);
    try {
      const returned: unknown = redact(left, context);
      left = typeof returned === 'string' ? returned : withoutValues(context);
    } catch {
      left = withoutValues(context);
    }
  }
  return left;
}

function withoutValues({ source, errorName, code, constraint, table, column }: RedactionContext): string {
  if (source === 'code') return `${errorName} (its text is redacted)`;
  const named = Object.entries({ constraint, table, column }).flatMap(([kind, name]) =>
    name === null ? [] : [`${kind} "${name}"`],
  );
  return [`SQLSTATE ${code ?? 'unknown'}`, ...named].join(', ');
}

function contextOf(error: unknown): RedactionContext {
  const cause = driverErrorOf(error);
  const textOf = (name: string): string | null => {
    const value = (cause as Record<string, unknown> | null | undefined)?.[name];
    return typeof value === 'string' && value !== '' ? value : null;
  };
  const code = textOf('code');
  const isOfDatabase = code !== null && textOf('severity') !== null;
  return {
    source: isOfDatabase ? 'database' : 'code',
    errorName: error instanceof Error ? error.name : typeof error,
    code: isOfDatabase ? code : null,
    constraint: textOf('constraint'),
    table: textOf('table'),
    column: textOf('column'),
  };
}

/** TypeORM wraps the error of the driver. */
function driverErrorOf(error: unknown): unknown {
  const { driverError } = (typeof error === 'object' && error !== null ? error : {}) as {
    driverError?: unknown;
  };
  return driverError === undefined ? error : driverErrorOf(driverError);
}
