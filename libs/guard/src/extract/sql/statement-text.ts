import type { SqlParser } from 'nestjs-backfill-sql/tree';

export interface SqlToken {
  /** In UTF-8 bytes. */
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** In lower case unless quoted, so that keywords can be compared. */
  readonly word: string;
  /** The number of open parentheses, brackets and CASEs around it. */
  readonly depth: number;
}

/** The tokens of a text without comments. */
export class StatementText {
  readonly tokens: readonly SqlToken[];
  readonly #bytes: Buffer;

  constructor(parser: SqlParser, sql: string) {
    this.#bytes = Buffer.from(sql, 'utf8');
    this.tokens = tokensOf(parser, sql);
  }

  /** The text of the tokens from one index to another, without comments. */
  slice(from: number, to: number): string {
    let text = '';
    for (let at = from; at < to; at++) {
      const token = this.tokens[at];
      if (!token) break;
      if (at > from) text += this.#gap(at);
      text += token.text;
    }
    return text;
  }

  /** The index of the first token at depth 0 from an index on that satisfies a condition, or the end. */
  find(from: number, isWanted: (token: SqlToken, at: number) => boolean): number {
    const { tokens } = this;
    for (let at = from; at < tokens.length; at++) {
      const token = tokens[at];
      if (token?.depth === 0 && isWanted(token, at)) return at;
    }
    return tokens.length;
  }

  /** The parts between the commas at depth 0, as pairs of indexes. */
  split(from: number, to: number): readonly (readonly [from: number, to: number])[] {
    const parts: (readonly [number, number])[] = [];
    let start = from;
    for (let at = from; at < to; at++) {
      if (this.tokens[at]?.depth !== 0 || this.tokens[at]?.word !== ',') continue;
      parts.push([start, at]);
      start = at + 1;
    }
    return [...parts, [start, to]];
  }

  word(at: number): string {
    return this.tokens[at]?.word ?? '';
  }

  #gap(at: number): string {
    const [previous, token] = [this.tokens[at - 1], this.tokens[at]];
    if (!previous || !token) return '';
    const gap = this.#bytes.subarray(previous.end, token.start).toString('utf8');
    return gap === '' || /^\s*$/.test(gap) ? gap : ' ';
  }
}

function tokensOf(parser: SqlParser, sql: string): readonly SqlToken[] {
  const open: string[] = [];
  const tokens: SqlToken[] = [];
  for (const { start, end, text, tokenName } of parser.scan(sql)) {
    if (tokenName === 'SQL_COMMENT' || tokenName === 'C_COMMENT') continue;
    const word = /["'$]/.test(text) ? text : text.toLowerCase();
    const closes = word === ')' || word === ']' || (word === 'end' && open.at(-1) === 'case');
    if (closes) open.pop();
    tokens.push({ start, end, text, word, depth: open.length });
    if (word === '(' || word === '[' || word === 'case') open.push(word);
  }
  while (tokens.at(-1)?.word === ';') tokens.pop();
  return tokens;
}
