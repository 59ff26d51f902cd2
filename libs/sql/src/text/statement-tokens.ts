import type { SqlParser } from '../parser/parser.js';

/** Above this size (UTF-16 code units) texts are normalised without the scanner, whose result is many times as large. */
const LARGEST_SCANNED = 512 * 1024;

interface Token {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** Lower case unless quoted: the form in which keywords compare. */
  readonly word: string;
  /** Parentheses, brackets and CASEs open before it; a closing one counts as inside. */
  readonly depth: number;
}

/** The tokens of one statement, comments left out: slices of its text by meaning, which the parser's tree has no ends for. */
export class StatementTokens {
  readonly #tokens: readonly Token[];

  /** @param base byte offset of `sql` in the text that the tree's locations count from */
  constructor(
    parser: SqlParser,
    readonly sql: string,
    readonly base: number,
  ) {
    this.#tokens = sql.length > LARGEST_SCANNED ? [] : tokenize(parser, sql);
  }

  get empty(): boolean {
    return this.#tokens.length === 0;
  }

  /** The byte offset, in the tree's terms, of the last `word` before `location`. */
  wordBefore(location: number, word: string): number | undefined {
    const found = this.#tokens.findLast((token) => token.start < location - this.base && token.word === word);
    return found && found.start + this.base;
  }

  /** From `location` to the end of the (sub-)statement that it stands in. */
  statementFrom(location: number): string {
    return this.#join(this.#until(this.#indexAt(location), () => false));
  }

  /** What follows the WHERE of the (sub-)statement whose condition starts around `location`. */
  whereAround(location: number): string {
    const inside = this.#indexAt(location);
    let at = inside;
    // The condition may open with parentheses, so the WHERE stands at the same depth or further out.
    while (at >= 0 && !(this.#tokens[at]?.word === 'where' && this.#at(at).depth <= this.#at(inside).depth))
      at -= 1;
    return at < 0 ? '' : this.#join(this.#until(at + 1, isWhereEnd));
  }

  /** The expression that is assigned to the column named at `location`. */
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

  #until(from: number, stops: (token: Token, previous: Token | undefined) => boolean): readonly Token[] {
    const depth = this.#at(from).depth;
    const taken: Token[] = [];
    for (const token of this.#tokens.slice(from)) {
      if (token.depth < depth || (token.depth === depth && token.word === ')')) break;
      if (token.depth === depth && (token.word === ';' || stops(token, taken.at(-1)))) break;
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

/** Comments removed, whitespace collapsed, unquoted words in lower case: equal for two texts that differ in formatting alone. */
export function normalizeSql(parser: SqlParser, sql: string): string {
  if (sql.length > LARGEST_SCANNED) return sql.replace(/\s+/g, ' ').trim();
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
    // CASE … END nests as parentheses do; the END of a routine's BEGIN ATOMIC does not close one.
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
  // `IS [NOT] DISTINCT FROM` is an operator.
  return !(token.word === 'from' && previous?.word === 'distinct');
}
