import type { StatementClassifier, Routine, RoutineCall } from 'nestjs-backfill-sql';
import type { SendQuery } from './row-counters.js';

/** The definitions of existing routines. Routines of extensions are not read; the row counters check them. */
const DEFINITIONS = `
  SELECT pg_catalog.pg_get_functiondef(p.oid) AS definition
    FROM pg_catalog.pg_proc p
    JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
    JOIN pg_catalog.pg_language l ON l.oid = p.prolang
   WHERE p.proname = ANY ($1) AND p.prokind IN ('f', 'p')
     AND l.lanname IN ('sql', 'plpgsql')
     AND n.nspname NOT IN ('pg_catalog', 'information_schema')
     AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                      WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass::pg_catalog.oid AND d.objid = p.oid AND d.deptype = 'e')`;

/** Depth to which calls inside called routines are followed. */
const MAX_CALL_DEPTH = 8;

/** Reads and classifies the called routines before the call is sent. */
export async function readRoutines(
  query: SendQuery,
  classifier: StatementClassifier,
  calls: readonly RoutineCall[],
): Promise<readonly Routine[]> {
  const seen = new Set<string>();
  const found: Routine[] = [];
  let unresolved = calls;
  for (let depth = 0; depth < MAX_CALL_DEPTH && unresolved.length > 0; depth += 1) {
    const names = [...new Set(unresolved.map(({ name }) => name))].filter((name) => !seen.has(name));
    if (names.length === 0) break;
    for (const name of names) seen.add(name);
    const rows = await query(DEFINITIONS, [names]);
    const created = rows.flatMap(({ definition }) =>
      classifier.classify(String(definition)).statements.flatMap((statement) => statement.creates),
    );
    found.push(...created);
    unresolved = created.flatMap(({ body }) => body.calls);
  }
  return found;
}
