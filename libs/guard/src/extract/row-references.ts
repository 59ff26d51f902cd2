import type { DataFinding } from 'nestjs-backfill-sql';
import { bare } from './names.js';
import { fullName } from '../judge/table-name.js';

/** The name of the current row in the SQL of a backfill. */
export const ROW = 'this_row';

/** Rewrites `l."accountId"` and `"lead"."id"` to `this_row."accountId"` and `this_row."id"`. */
export function toRowReferences(sql: string, finding: DataFinding): string {
  const names = [aliasOf(finding), finding.table && bare(fullName(finding.table))].filter(
    (name) => name !== undefined,
  );
  return names.reduce(
    (text, name) =>
      text.replace(
        new RegExp(`(?<![\\w".])(?:"${escape(name)}"|${escape(name)})\\s*\\.(?=\\s*["\\w])`, 'gi'),
        `${ROW}.`,
      ),
    sql,
  );
}

function aliasOf({ text }: DataFinding): string | undefined {
  const match =
    /^\s*(?:with\b[^]*?\))?\s*(?:update|delete\s+from)\s+(?:only\s+)?(?:"[^"]+"|[\w$]+)(?:\.(?:"[^"]+"|[\w$]+))?\s+(?:as\s+)?("[^"]+"|(?!set\b|where\b|using\b|from\b)[\w$]+)/i.exec(
      text,
    );
  return match?.[1]?.replace(/"/g, '');
}

/** The FROM clause of an UPDATE or the USING clause of a DELETE, as written. */
export function joinedTables({ text, operation }: DataFinding): string | undefined {
  const keyword = operation === 'delete' ? 'using' : 'from';
  const body = clauseAfter(text, keyword);
  return body?.trim();
}

/** The text from a keyword (outside parentheses and literals) to the next WHERE, RETURNING or the end. */
function clauseAfter(sql: string, keyword: string): string | undefined {
  let depth = 0;
  let start: number | undefined;
  for (const match of sql.matchAll(/'(?:[^']|'')*'|"[^"]*"|[()]|\b\w+\b/g)) {
    const [token] = match;
    if (token === '(') depth++;
    else if (token === ')') depth--;
    else if (depth === 0) {
      const word = token.toLowerCase();
      if (start === undefined && word === keyword) {
        // DELETE FROM names the table itself, not a join.
        start = match.index + token.length;
      } else if (start !== undefined && (word === 'where' || word === 'returning')) {
        return sql.slice(start, match.index);
      }
    }
  }
  return start === undefined ? undefined : sql.slice(start).replace(/;\s*$/, '');
}

function escape(name: string): string {
  return name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
