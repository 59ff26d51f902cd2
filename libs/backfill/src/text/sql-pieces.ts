/**
 * A part of an SQL text: code, or one token in which no character has a meaning of its own: a literal, a quoted name
 * or a comment. The texts of all pieces, joined, are the whole text.
 */
export interface SqlPiece {
  readonly text: string;
  readonly kind: 'code' | 'quoted' | 'comment';
}

/** PostgreSQL allows `$` in names, except at their beginning: `a$1` and `a$$` are names. */
const AFTER_NAME = String.raw`(?<![\w$\u0080-\uffff])`;
const QUOTED = [
  String.raw`${AFTER_NAME}[eE]'(?:[^'\\]|\\[^]|'')*'`,
  `'(?:[^']|'')*'`,
  `"(?:[^"]|"")*"`,
  String.raw`${AFTER_NAME}(?<tag>\$(?:[a-zA-Z_\u0080-\uffff][\w\u0080-\uffff]*)?\$)[^]*?\k<tag>`,
];
const COMMENT = [String.raw`--[^\n\r]*`, String.raw`\/\*`];
const TOKEN = new RegExp(`(?<quoted>${QUOTED.join('|')})|(?<comment>${COMMENT.join('|')})`, 'g');
const PLACEHOLDER = new RegExp(String.raw`${AFTER_NAME}\$(\d+)`, 'g');

export function sqlPieces(sql: string): SqlPiece[] {
  const pieces: SqlPiece[] = [];
  const token = new RegExp(TOKEN);
  let end = 0;
  for (let match = token.exec(sql); match !== null; match = token.exec(sql)) {
    if (match.index > end) pieces.push({ text: sql.slice(end, match.index), kind: 'code' });
    if (match[0] === '/*') token.lastIndex = endOfComment(sql, match.index);
    end = token.lastIndex;
    pieces.push({
      text: sql.slice(match.index, end),
      kind: match.groups?.quoted === undefined ? 'comment' : 'quoted',
    });
  }
  if (end < sql.length) pieces.push({ text: sql.slice(end), kind: 'code' });
  return pieces;
}

/** Comments between slashes and stars contain each other. */
function endOfComment(sql: string, start: number): number {
  const limit = /\/\*|\*\//g;
  limit.lastIndex = start;
  let depth = 0;
  for (let match = limit.exec(sql); match !== null; match = limit.exec(sql)) {
    depth += match[0] === '/*' ? 1 : -1;
    if (depth === 0) return limit.lastIndex;
  }
  return sql.length;
}

/** @param replacement of the placeholder with this number, e.g. 1 for `$1` */
export function replacePlaceholders(code: string, replacement: (position: number) => string): string {
  return code.replace(PLACEHOLDER, (_, position: string) => replacement(Number(position)));
}
