import { TextIndex, type TextPosition } from '../text/text-position.js';

/** PostgreSQL's own parser, compiled to WebAssembly: `libpg-query` (PostgreSQL 18). @publicApi */
export interface SqlParser {
  readonly parse: (sql: string) => ParseOutcome<{ readonly stmts: readonly RawStatement[] }>;
  readonly parsePlpgsql: (sql: string) => ParseOutcome<unknown>;
  /** The tokens of a text, comments included. Offsets are in UTF-8 bytes. */
  readonly scan: (sql: string) => readonly RawToken[];
}

/** The result of parsing a text. @publicApi */
export type ParseOutcome<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: ParseFailure };

/**
 * Why a text could not be parsed. PostgreSQL parses a text as a whole, so an error in one statement hides all
 * statements.
 *
 * @publicApi
 */
export interface ParseFailure {
  /** PostgreSQL's message. */
  readonly message: string;
  readonly position: TextPosition;
}

/**
 * A statement as libpg-query returns it: offsets in UTF-8 bytes, and an offset of zero is left out.
 *
 * @publicApi
 */
export interface RawStatement {
  readonly stmt: Readonly<Record<string, unknown>>;
  readonly stmt_location?: number;
  readonly stmt_len?: number;
}

/** One token of a text. @publicApi */
export interface RawToken {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly tokenName: string;
}

type Library = typeof import('libpg-query');

let loading: Promise<SqlParser> | undefined;

/**
 * Loads the parser once, on first use (about 50 ms): an application that classifies nothing does not load it.
 *
 * @publicApi
 */
export function loadParser(): Promise<SqlParser> {
  loading ??= load();
  return loading;
}

async function load(): Promise<SqlParser> {
  const module = (await import('libpg-query')) as Library & { readonly default?: Library };
  // It is a CommonJS module: some loaders put all its exports on `default`.
  const library = module.default ?? module;
  await library.loadModule();
  return {
    parse: (sql) =>
      attempt(sql, () => (sql.trim() === '' ? { stmts: [] } : (library.parseSync(sql) as never))),
    parsePlpgsql: (sql) => attempt(sql, () => library.parsePlPgSQLSync(sql)),
    scan: (sql) => scan(library, sql),
  };
}

/** Control characters that the scanner of libpg-query writes into its JSON as they are, which is no JSON. */
// eslint-disable-next-line no-control-regex -- control characters are what it looks for
const RAW_CONTROL = /[\u0001-\u0008\u000b\u000c\u000e-\u001f]/g;
/** In a string or a comment, a blank of the same length leaves the other tokens as they are. */
const SUBSTITUTE = ' ';

function scan(library: Library, sql: string): readonly RawToken[] {
  const readable = sql.replace(RAW_CONTROL, SUBSTITUTE);
  const { tokens } = library.scanSync(readable);
  if (readable === sql) return tokens;
  const bytes = Buffer.from(sql);
  return tokens.map((token) => ({ ...token, text: bytes.toString('utf8', token.start, token.end) }));
}

function attempt<T>(sql: string, parse: () => T): ParseOutcome<T> {
  const nul = sql.indexOf('\0');
  // WebAssembly gets a C string, which ends at the first NUL: the parser would ignore the rest.
  if (nul >= 0) return failed('a NUL character, which no SQL text may contain', sql, nul);
  try {
    return { ok: true, value: parse() };
  } catch (error) {
    // Deep nesting exhausts the stack of the parser or of JSON.parse: that is a parse failure too.
    const characters =
      (error as { sqlDetails?: { cursorPosition?: number } }).sqlDetails?.cursorPosition ?? 0;
    const offset = [...sql.slice(0, characters * 2)].slice(0, characters).join('').length;
    return failed(error instanceof Error ? error.message : String(error), sql, offset);
  }
}

function failed(message: string, sql: string, offset: number): { ok: false; failure: ParseFailure } {
  return { ok: false, failure: { message, position: new TextIndex(sql).at(offset) } };
}
