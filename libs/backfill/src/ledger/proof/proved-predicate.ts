/**
 * Whose predicate a completion was proved for: the one that this process declares, another one, or that of a release
 * that does not record it.
 */
export type ProvedPredicate = 'own' | 'other' | 'unknown';

/** SQL for a `ProvedPredicate`. A ledger of an earlier release has no such columns. @param own the own fingerprint */
export function provedFor(alias: string, own: string): string {
  const column = (name: string) => `(pg_catalog.to_jsonb(${alias})->>'${name}'::text)`;
  return `CASE WHEN ${column('proved_at')}::timestamptz IS DISTINCT FROM ${alias}.completed_at OR ${column('proved_declaration')} IS NULL OR ${own}::text IS NULL THEN 'unknown'
    WHEN ${column('proved_declaration')} = ${own}::text THEN 'own' ELSE 'other' END`;
}
