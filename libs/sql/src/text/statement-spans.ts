import type { StatementSpan } from '../classification/statement-dml.js';
import type { SqlUnit } from '../classification/statement-unit.js';

/** The statements of a parsed text, without the whitespace and comments around them. */
export function spansOf(
  unit: SqlUnit,
  raw: readonly { readonly stmt: unknown; readonly stmt_location?: number; readonly stmt_len?: number }[],
): readonly (readonly [StatementSpan, unknown])[] {
  const bytes = Buffer.byteLength(unit.sql, 'utf8');
  return raw.map(({ stmt, stmt_location = 0, stmt_len }) => {
    const end = stmt_len === undefined || stmt_len === 0 ? bytes : stmt_location + stmt_len;
    const sql = unit.sql.slice(unit.toText(stmt_location), unit.toText(end));
    const lead = leadingTrivia(sql);
    const start = stmt_location + Buffer.byteLength(sql.slice(0, lead), 'utf8');
    return [{ unit, start, end, text: sql.slice(lead).trimEnd() }, stmt] as const;
  });
}

/** Length of the whitespace and comments that a text starts with; block comments nest, as in PostgreSQL. */
function leadingTrivia(sql: string): number {
  let at = 0;
  for (;;) {
    at += /^\s*/.exec(sql.slice(at))?.[0].length ?? 0;
    if (sql.startsWith('--', at)) {
      const line = sql.indexOf('\n', at);
      at = line < 0 ? sql.length : line + 1;
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
