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

/** SQL for the status as the declaring process sees it: a completion that was proved for another predicate is none. */
export function ownStatus(alias: string, own: string): string {
  return `CASE WHEN ${alias}.status = 'complete' AND ${provedFor(alias, own)} = 'other' THEN 'incomplete' ELSE ${alias}.status END`;
}

/** The reason of such a status. */
export const OTHER_PREDICATE =
  'It was proved with another `where`, by a release that declares it differently under the same version; by this one, nothing is proved. Run it; raise `version` with each change of `where`.';
