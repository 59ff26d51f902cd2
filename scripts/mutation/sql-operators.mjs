/**
 * Mutations of SQL: what a reader of a changed statement may overlook. Each pattern replaces its whole match.
 *
 * @type {readonly (readonly [RegExp, string])[]}
 */
const PATTERNS = [
  [/FOR NO KEY UPDATE/g, 'FOR UPDATE'],
  [/ SKIP LOCKED/g, ''],
  [/ NOWAIT\b/g, ''],
  [/NOT EXISTS/g, 'EXISTS'],
  [/(?<!NOT )EXISTS(?= ?\()/g, 'NOT EXISTS'],
  [/IS NOT NULL/g, 'IS NULL'],
  [/IS NULL/g, 'IS NOT NULL'],
  [/IS DISTINCT FROM/g, '='],
  [/IS NOT DISTINCT FROM/g, '='],
  [/\bAND\b/g, 'OR'],
  [/\bOR\b(?! REPLACE)/g, 'AND'],
  [/ <= /g, ' < '],
  [/ >= /g, ' > '],
  [/ < /g, ' <= '],
  [/ > /g, ' >= '],
  [/ = /g, ' <> '],
  [/ <> /g, ' = '],
  [/UNION ALL/g, 'UNION'],
  [/UNION (?!ALL)/g, 'UNION ALL '],
  [/ DESC\b/g, ''],
  [/LEFT JOIN/g, 'JOIN'],
  [/ ON CONFLICT DO NOTHING/g, ''],
  [/\bDISTINCT (?!FROM)/g, ''],
  [/SET LOCAL /g, 'SET '],
  [/\bgreatest\(/gi, 'least('],
  [/\bleast\(/gi, 'greatest('],
  [/\bpg_catalog\.max\(/g, 'pg_catalog.min('],
  [/\bpg_catalog\.min\(/g, 'pg_catalog.max('],
  [/ \+ 1\b/g, ' - 1'],
  [/ - 1\b/g, ' + 1'],
  [/\btrue\b/g, 'false'],
  [/\bfalse\b/g, 'true'],
  [/ LIMIT 1\b/g, ''],
  [/\bMATERIALIZED\b/g, 'NOT MATERIALIZED'],
  [/(?<=synchronous_commit = )\w+/g, 'off'],
  [/\btuples_deleted\b|(?<=xact_tuples_)deleted\b/g, 'fetched'],
  [/\n\s*AND [^\n`]*(?=\n)/g, ''],
];

/** A text with one of these is SQL. Words of messages are not in capitals. */
const SQL =
  /\b(SELECT|UPDATE|INSERT|DELETE|WHERE|AND|OR|FROM|JOIN|SET LOCAL|IS NULL|ORDER BY|FOR NO KEY|SKIP LOCKED)\b/;

/**
 * @param {string} text of a literal or of a part of a template, as it stands in the source
 * @returns {import('./operators.mjs').Mutation[]}
 */
export function sqlMutations(text) {
  if (!SQL.test(text)) return [];
  return PATTERNS.flatMap(([pattern, replacement]) =>
    [...text.matchAll(pattern)]
      .filter(([match]) => isBalanced(match))
      .map((match) => ({
        start: match.index,
        end: match.index + match[0].length,
        replacement,
        operator: 'SQL',
      })),
  );
}

/** Whether a match can be taken out without breaking the statement. @param {string} text */
function isBalanced(text) {
  return text.split('(').length === text.split(')').length || !text.includes('\n');
}
