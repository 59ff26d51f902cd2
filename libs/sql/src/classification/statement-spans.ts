import type { RawStatement } from '../parser/sql-parser.js';
import type { SqlUnit } from './sql-unit.js';

/** A top-level statement of a unit. */
export interface StatementSpan {
  readonly unit: SqlUnit;
  /** In UTF-8 bytes, as in the parse tree. */
  readonly start: number;
  readonly end: number;
  /** Without the whitespace and comments around it. */
  readonly text: string;
  /** It contains other statements (BEGIN ATOMIC): each finding shows the text of the statement that it is in. */
  readonly isContainer?: boolean;
}

/**
 * The statements of a parsed text, with the parse tree of each. The parser's locations are those of the first token, after
 * whitespace and comments.
 */
export function spansOf(
  unit: SqlUnit,
  statements: readonly RawStatement[],
): readonly (readonly [StatementSpan, unknown])[] {
  const bytes = Buffer.byteLength(unit.sql, 'utf8');
  return statements.map(({ stmt, stmt_location: start = 0, stmt_len }) => {
    const end = stmt_len === undefined || stmt_len === 0 ? bytes : start + stmt_len;
    const text = unit.sql.slice(unit.toTextOffset(start), unit.toTextOffset(end)).trimEnd();
    return [{ unit, start, end, text }, stmt] as const;
  });
}
