import type { ParseFailure } from '../classification/statement.types.js';
import { TextIndex } from '../text/statement-position.js';

/** PostgreSQL's own grammar, in WebAssembly: `libpg-query` (PostgreSQL 18). */
export interface SqlParser {
  readonly parse: (sql: string) => ParseOutcome<{ readonly stmts: readonly RawStatement[] }>;
  readonly parsePlpgsql: (sql: string) => ParseOutcome<unknown>;
  /** Tokens of a text, comments included; offsets are in UTF-8 bytes. */
  readonly scan: (sql: string) => readonly RawToken[];
}

export type ParseOutcome<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: ParseFailure };

/** As libpg-query gives it: offsets in UTF-8 bytes, zero left out. */
export interface RawStatement {
  readonly stmt: Readonly<Record<string, unknown>>;
  readonly stmt_location?: number;
  readonly stmt_len?: number;
}

export interface RawToken {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly tokenName: string;
}

type Library = typeof import('libpg-query');

let loading: Promise<SqlParser> | undefined;

/** Loads the parser on first use (about 50 ms); an application that runs no migration never pays for it. */
export function loadParser(): Promise<SqlParser> {
  loading ??= load();
  return loading;
}

async function load(): Promise<SqlParser> {
  const module = (await import('libpg-query')) as Library & { readonly default?: Library };
  // CommonJS: under some loaders everything hangs on `default`.
  const library = module.default ?? module;
  await library.loadModule();
  return {
    parse: (sql) =>
      attempt(sql, () => (sql.trim() === '' ? { stmts: [] } : (library.parseSync(sql) as never))),
    parsePlpgsql: (sql) => attempt(sql, () => library.parsePlPgSQLSync(sql)),
    scan: (sql) => library.scanSync(sql).tokens,
  };
}

function attempt<T>(sql: string, parse: () => T): ParseOutcome<T> {
  const nul = sql.indexOf('\0');
  // The WebAssembly boundary ends a string at NUL: what follows would go unseen.
  if (nul >= 0) return failed('a NUL character, which no SQL text may contain', sql, nul);
  try {
    return { ok: true, value: parse() };
  } catch (error) {
    // Deep nesting exhausts a stack, in the parser or in JSON.parse: also a text that could not be parsed.
    const characters =
      (error as { sqlDetails?: { cursorPosition?: number } }).sqlDetails?.cursorPosition ?? 0;
    const offset = [...sql.slice(0, characters * 2)].slice(0, characters).join('').length;
    return failed(error instanceof Error ? error.message : String(error), sql, offset);
  }
}

function failed(message: string, sql: string, offset: number): { ok: false; failure: ParseFailure } {
  return { ok: false, failure: { message, position: new TextIndex(sql).at(offset) } };
}
