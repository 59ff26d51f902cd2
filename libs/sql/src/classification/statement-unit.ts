import type { SqlParser } from '../parser/parser.js';
import { ByteOffsets, TextIndex } from '../text/statement-position.js';
import { StatementTokens } from '../text/statement-tokens.js';
import type { TextPosition } from './statement.types.js';

/** Where a piece of SQL stands, and through what it is reached. */
export interface UnitPlace {
  /** The text that positions refer to. */
  readonly root: TextIndex;
  /** Offset of the piece in `root`; without one, every position is `fallback`. */
  readonly offset?: number;
  readonly fallback: TextPosition;
  readonly via: readonly string[];
  readonly inLoop: boolean;
  readonly dynamic: boolean;
}

/** A piece of SQL that is parsed by itself: a query, a statement of a PL/pgSQL body, a constant handed to EXECUTE. */
export class SqlUnit {
  readonly #bytes: ByteOffsets;
  #tokens: StatementTokens | undefined;

  constructor(
    readonly parser: SqlParser,
    readonly sql: string,
    readonly place: UnitPlace,
  ) {
    this.#bytes = new ByteOffsets(sql);
  }

  static root(parser: SqlParser, sql: string): SqlUnit {
    const fallback = { offset: 0, line: 1, column: 1 };
    return new SqlUnit(parser, sql, {
      root: new TextIndex(sql),
      offset: 0,
      fallback,
      via: [],
      inLoop: false,
      dynamic: false,
    });
  }

  /** A piece inside this one, found by its text at or behind `from`; its own positions are lost when it is not found. */
  inner(
    sql: string,
    from: number,
    place: Partial<Pick<UnitPlace, 'inLoop' | 'dynamic'>>,
    via?: string,
  ): SqlUnit {
    const at = this.place.offset === undefined ? -1 : this.sql.indexOf(sql, from);
    return new SqlUnit(this.parser, sql, {
      root: this.place.root,
      ...(at >= 0 && this.place.offset !== undefined && { offset: this.place.offset + at }),
      fallback: this.position(this.#bytesBefore(from)),
      via: via ? [...this.place.via, via] : this.place.via,
      inLoop: this.place.inLoop || (place.inLoop ?? false),
      dynamic: this.place.dynamic || (place.dynamic ?? false),
    });
  }

  /** @param location in the parser's bytes */
  position(location: number): TextPosition {
    const { root, offset, fallback } = this.place;
    return offset === undefined ? fallback : root.at(offset + this.toText(location));
  }

  toText(location: number): number {
    return this.#bytes.toText(location);
  }

  /** Tokens of the top-level statement that starts at byte `start`; kept until another statement's are asked for. */
  tokensOf(start: number, end: number): StatementTokens {
    if (this.#tokens?.base !== start)
      this.#tokens = new StatementTokens(
        this.parser,
        this.sql.slice(this.toText(start), this.toText(end)),
        start,
      );
    return this.#tokens;
  }

  #bytesBefore(textOffset: number): number {
    return Buffer.byteLength(this.sql.slice(0, textOffset), 'utf8');
  }
}

/** For SQL that stands nowhere in the text as it is, such as a string put together for EXECUTE. */
export function withoutOffset({ root, fallback, via, inLoop, dynamic }: UnitPlace): UnitPlace {
  return { root, fallback, via, inLoop, dynamic };
}
