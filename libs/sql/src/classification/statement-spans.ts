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

/** The statements of a parsed text, with the parse tree of each. */
export function spansOf(
  unit: SqlUnit,
  statements: readonly RawStatement[],
): readonly (readonly [StatementSpan, unknown])[] {
  const bytes = Buffer.byteLength(unit.sql, 'utf8');
  return statements.map(({ stmt, stmt_location = 0, stmt_len }) => {
    const end = stmt_len === undefined || stmt_len === 0 ? bytes : stmt_location + stmt_len;
    const sql = unit.sql.slice(unit.toTextOffset(stmt_location), unit.toTextOffset(end));
    const leading = leadingTrivia(sql);
    const start = stmt_location + Buffer.byteLength(sql.slice(0, leading), 'utf8');
    return [{ unit, start, end, text: sql.slice(leading).trimEnd() }, stmt] as const;
  });
}

/**
 * The length of the whitespace and comments at the start of a text. Block comments nest, as in PostgreSQL.
 */
function leadingTrivia(sql: string): number {
  let at = 0;
  for (;;) {
    at += /^\s*/.exec(sql.slice(at))?.[0].length ?? 0;
    if (sql.startsWith('--', at)) {
      const lineEnd = sql.indexOf('\n', at);
      at = lineEnd < 0 ? sql.length : lineEnd + 1;
    } else if (sql.startsWith('/*', at)) at = endOfComment(sql, at);
    else return at;
  }
}

function endOfComment(sql: string, start: number): number {
  let depth = 0;
  for (const mark of sql.slice(start).matchAll(/\/\*|\*\//g)) {
    depth += mark[0] === '/*' ? 1 : -1;
    if (depth === 0) return start + mark.index + 2;
  }
  return sql.length;
}
