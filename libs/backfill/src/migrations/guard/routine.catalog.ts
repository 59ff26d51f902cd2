import type { StatementClassifier, Routine, RoutineCall } from 'nestjs-backfill-sql';
import type { Ask } from './row-witness.js';

/** Definitions of routines that are there already; those of extensions are left to the row counters. */
const DEFINITIONS = `
  SELECT pg_catalog.pg_get_functiondef(p.oid) AS definition
    FROM pg_catalog.pg_proc p
    JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
    JOIN pg_catalog.pg_language l ON l.oid = p.prolang
   WHERE p.proname = ANY ($1) AND p.prokind IN ('f', 'p')
     AND l.lanname IN ('sql', 'plpgsql')
     AND n.nspname NOT IN ('pg_catalog', 'information_schema')
     AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                      WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid AND d.deptype = 'e')`;

/** Calls of calls are followed this far. */
const DEEPEST_CALL = 8;

/** What the called routines do, read from the database before the call is sent. */
export async function lookUpRoutines(
  ask: Ask,
  classifier: StatementClassifier,
  calls: readonly RoutineCall[],
): Promise<readonly Routine[]> {
  const asked = new Set<string>();
  const found: Routine[] = [];
  let open = calls;
  for (let depth = 0; depth < DEEPEST_CALL && open.length > 0; depth += 1) {
    const names = [...new Set(open.map(({ name }) => name))].filter((name) => !asked.has(name));
    if (names.length === 0) break;
    for (const name of names) asked.add(name);
    const rows = await ask(DEFINITIONS, [names]);
    const created = rows.flatMap(({ definition }) =>
      classifier.classify(String(definition)).statements.flatMap((statement) => statement.creates),
    );
    found.push(...created);
    open = created.flatMap(({ body }) => body.calls);
  }
  return found;
}
