import type { SqlParser } from '../parser/sql-parser.js';
import { StatementTokens } from '../parser/statement-tokens.js';
import { ByteOffsets, TextIndex, type TextPosition } from '../text/text-position.js';

/** Where a piece of SQL is in the classified text, and what it is nested in. */
export interface UnitPlace {
  /** The classified text, to which all positions refer. */
  readonly root: TextIndex;
  /** The offset of the piece in `root`. Without it, every position in the piece is `fallback`. */
  readonly offset?: number;
  readonly fallback: TextPosition;
  /** See `DataFinding.via`. */
  readonly via: readonly string[];
  readonly inLoop: boolean;
  /** The piece has placeholders for values that are only known at run time. */
  readonly isDynamic: boolean;
}

/**
 * A piece of SQL that is parsed on its own: the classified text, a body, a part of a PL/pgSQL body, a string
 * that EXECUTE runs.
 */
export class SqlUnit {
  readonly parser: SqlParser;
  readonly sql: string;
  readonly place: UnitPlace;
  readonly #offsets: ByteOffsets;
  #tokens: StatementTokens | undefined;

  constructor(parser: SqlParser, sql: string, place: UnitPlace) {
    this.parser = parser;
    this.sql = sql;
    this.place = place;
    this.#offsets = new ByteOffsets(sql);
  }

  /** The classified text itself. */
  static root(parser: SqlParser, sql: string): SqlUnit {
    return new SqlUnit(parser, sql, {
      root: new TextIndex(sql),
      offset: 0,
      fallback: { offset: 0, line: 1, column: 1 },
      via: [],
      inLoop: false,
      isDynamic: false,
    });
  }

  /**
   * A piece of this unit, which is found by its text from the offset `from`. If it is not found, all its
   * positions are `fallback`.
   *
   * @param nesting what the piece is nested in, in addition to this unit
   */
  inner(sql: string, from: number, nesting: { readonly inLoop?: boolean; readonly via?: string }): SqlUnit {
    const at = this.place.offset === undefined ? -1 : this.sql.indexOf(sql, from);
    return new SqlUnit(this.parser, sql, {
      root: this.place.root,
      ...(at >= 0 && this.place.offset !== undefined && { offset: this.place.offset + at }),
      fallback: this.position(this.#bytesBefore(from)),
      via: nesting.via ? [...this.place.via, nesting.via] : this.place.via,
      inLoop: this.place.inLoop || (nesting.inLoop ?? false),
      isDynamic: this.place.isDynamic,
    });
  }

  /**
   * The same piece with a prefix that is not part of the classified text.
   */
  withPrefix(prefix: string): SqlUnit {
    const { offset } = this.place;
    const place = offset === undefined ? this.place : { ...this.place, offset: offset - prefix.length };
    return new SqlUnit(this.parser, prefix + this.sql, place);
  }

  /** @param location in UTF-8 bytes, as in the parse tree */
  position(location: number): TextPosition {
    const { root, offset, fallback } = this.place;
    return offset === undefined ? fallback : root.at(offset + this.toTextOffset(location));
  }

  /** @param location in UTF-8 bytes, as in the parse tree */
  toTextOffset(location: number): number {
    return this.#offsets.toTextOffset(location);
  }

  /**
   * The tokens of the top-level statement from byte `start` to byte `end`. The last result is cached.
   */
  tokensOf(start: number, end: number): StatementTokens {
    if (this.#tokens?.base !== start)
      this.#tokens = new StatementTokens(
        this.parser,
        this.sql.slice(this.toTextOffset(start), this.toTextOffset(end)),
        start,
      );
    return this.#tokens;
  }

  #bytesBefore(textOffset: number): number {
    return Buffer.byteLength(this.sql.slice(0, textOffset), 'utf8');
  }
}

/** The place of SQL that the classified text does not contain, such as a string that EXECUTE builds. */
export function withoutOffset({ root, fallback, via, inLoop, isDynamic }: UnitPlace): UnitPlace {
  return { root, fallback, via, inLoop, isDynamic };
}
