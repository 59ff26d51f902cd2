import type { SqlParser } from './sql-parser.js';

/**
 * Longer texts, in UTF-16 code units, are normalised without the scanner: its result is many times larger
 * than the text.
 */
const MAX_SCANNED_LENGTH = 512 * 1024;

interface Token {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** In lower case unless quoted, so that keywords can be compared. */
  readonly word: string;
  /** The number of open parentheses, brackets and CASEs. A closing token has the depth of its contents. */
  readonly depth: number;
}

/**
 * The tokens of one statement without comments. They show where a clause ends, because the parse tree has no
 * end offsets.
 */
export class StatementTokens {
  /** The byte offset of `sql` in the parsed text. */
  readonly base: number;
  readonly #tokens: readonly Token[];

  constructor(parser: SqlParser, sql: string, base: number) {
    this.base = base;
    this.#tokens = sql.length > MAX_SCANNED_LENGTH ? [] : tokenize(parser, sql);
  }

  get isEmpty(): boolean {
    return this.#tokens.length === 0;
  }

  /** The byte offset in the parsed text of the last `word` before `location`. */
  wordBefore(location: number, word: string): number | undefined {
    const found = this.#tokens.findLast((token) => token.start < location - this.base && token.word === word);
    return found && found.start + this.base;
  }

  /** The text from `location` to the end of the statement or sub-statement around it. */
  statementFrom(location: number): string {
    return this.#join(this.#until(this.#indexAt(location), () => false));
  }

  /** The WHERE condition of the statement or sub-statement whose condition starts at `location`. */
  whereAround(location: number): string {
    const inside = this.#indexAt(location);
    let at = inside;
    // The condition may start with parentheses, so its WHERE has the same depth or a smaller one.
    while (at >= 0 && !(this.#tokens[at]?.word === 'where' && this.#at(at).depth <= this.#at(inside).depth))
      at -= 1;
    return at < 0 ? '' : this.#join(this.#until(at + 1, isWhereEnd));
  }

  /** The expression that is assigned to the column at `location`. */
  assignedAt(location: number): string {
    let at = this.#indexAt(location);
    const depth = this.#at(at).depth;
    while (at < this.#tokens.length && !(this.#at(at).word === '=' && this.#at(at).depth <= depth)) at += 1;
    return this.#join(this.#until(at + 1, isAssignmentEnd));
  }

  #at(index: number): Token {
    return this.#tokens[index] ?? { start: 0, end: 0, text: '', word: '', depth: 0 };
  }

  #indexAt(location: number): number {
    const index = this.#tokens.findIndex((token) => token.end > location - this.base);
    return index < 0 ? this.#tokens.length : index;
  }

  #until(from: number, isEnd: (token: Token, previous: Token | undefined) => boolean): readonly Token[] {
    const depth = this.#at(from).depth;
    const taken: Token[] = [];
    for (const token of this.#tokens.slice(from)) {
      if (token.depth < depth || (token.depth === depth && token.word === ')')) break;
      if (token.depth === depth && (token.word === ';' || isEnd(token, taken.at(-1)))) break;
      taken.push(token);
    }
    return taken;
  }

  #join(tokens: readonly Token[]): string {
    return tokens
      .map((token, index) =>
        index > 0 && tokens[index - 1]?.end !== token.start ? ` ${token.text}` : token.text,
      )
      .join('');
  }
}

/**
 * The text without comments, with single spaces, and with unquoted words in lower case. It is equal for texts
 * that differ only in formatting.
 */
export function normalizeSql(parser: SqlParser, sql: string): string {
  if (sql.length > MAX_SCANNED_LENGTH) return sql.replace(/\s+/g, ' ').trim();
  const words = tokenize(parser, sql).map((token) => token.word);
  while (words.at(-1) === ';') words.pop();
  return words.join(' ');
}

function tokenize(parser: SqlParser, sql: string): readonly Token[] {
  const open: string[] = [];
  const tokens: Token[] = [];
  for (const raw of parser.scan(sql)) {
    if (raw.tokenName === 'SQL_COMMENT' || raw.tokenName === 'C_COMMENT') continue;
    const word = /["'$]/.test(raw.text) ? raw.text : raw.text.toLowerCase();
    tokens.push({ start: raw.start, end: raw.end, text: raw.text, word, depth: open.length });
    // CASE … END nests like parentheses. An END without an open CASE belongs to BEGIN ATOMIC.
    if (word === '(' || word === '[' || word === 'case') open.push(word);
    else if (word === ')' || word === ']' || (word === 'end' && open.at(-1) === 'case')) open.pop();
  }
  return tokens;
}

const WHERE_ENDS = new Set([
  'returning',
  'group',
  'having',
  'window',
  'order',
  'limit',
  'offset',
  'fetch',
  'for',
  'union',
  'intersect',
  'except',
  'on',
]);

function isWhereEnd(token: Token): boolean {
  return WHERE_ENDS.has(token.word);
}

const ASSIGNMENT_ENDS = new Set([',', 'from', 'where', 'returning', 'when']);

function isAssignmentEnd(token: Token, previous: Token | undefined): boolean {
  if (!ASSIGNMENT_ENDS.has(token.word)) return false;
  // The FROM of `IS [NOT] DISTINCT FROM` is part of an operator.
  return !(token.word === 'from' && previous?.word === 'distinct');
}
