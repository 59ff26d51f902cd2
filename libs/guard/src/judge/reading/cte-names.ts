const NO_NAMES: ReadonlySet<string> = new Set();

/** The names of the CTEs of a statement. */
export function cteNames(sql: string): ReadonlySet<string> {
  if (!/\bwith\b/i.test(sql)) return NO_NAMES;
  return new Set(
    [...sql.matchAll(/"?([\w$]+)"?\s*(?:\([^()]*\)\s*)?\bas\s+(?:not\s+)?(?:materialized\s+)?\(/gi)].map(
      (match) => match[1] ?? '',
    ),
  );
}
