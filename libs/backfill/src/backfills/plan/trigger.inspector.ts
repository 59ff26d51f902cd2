import { text } from '../../postgres/decoders.js';
import type { Session } from '../../postgres/session.js';
import type { BackfillDefinition } from '../definition/definition.js';

/** Bits of pg_trigger.tgtype (PostgreSQL's catalog/pg_trigger.h). */
const INSERT = 4;
const DELETE = 8;
const UPDATE = 16;

const EVENTS = {
  set: UPDATE,
  transform: UPDATE,
  copy: INSERT,
  purge: DELETE,
  process: INSERT | UPDATE | DELETE,
} as const satisfies Record<BackfillDefinition['kind'], number>;

/**
 * The triggers of the table, and the row-level triggers of its partitions and child tables, which fire for the rows
 * there. A partition's copy of a trigger (`tgparentid`) is not another trigger. Statement-level triggers of a partition do
 * not fire: page order, which would name the partition, is not used where there is one.
 */
const TRIGGERS = `WITH RECURSIVE part (oid) AS (
    SELECT pg_catalog.to_regclass($1)::oid UNION SELECT h.inhrelid FROM part JOIN pg_catalog.pg_inherits AS h ON h.inhparent = part.oid
  )
  SELECT pg_catalog.format('%s%s (%s %s, each %s)', t.tgname, CASE WHEN c.oid <> pg_catalog.to_regclass($1)::oid THEN pg_catalog.format(' of %I.%I', n.nspname, c.relname) END,
    CASE WHEN t.tgtype::int & 2 > 0 THEN 'BEFORE' WHEN t.tgtype::int & 64 > 0 THEN 'INSTEAD OF' ELSE 'AFTER' END,
    pg_catalog.concat_ws(' OR ', CASE WHEN t.tgtype::int & 4 > 0 THEN 'INSERT' END, CASE WHEN t.tgtype::int & 16 > 0 THEN 'UPDATE' END,
      CASE WHEN t.tgtype::int & 8 > 0 THEN 'DELETE' END),
    CASE WHEN t.tgtype::int & 1 > 0 THEN 'row' ELSE 'statement' END)
  FROM part JOIN pg_catalog.pg_trigger AS t ON t.tgrelid = part.oid
  JOIN pg_catalog.pg_class AS c ON c.oid = t.tgrelid JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE NOT t.tgisinternal AND t.tgenabled <> 'D' AND t.tgtype::int & $2::int > 0
    AND (c.oid = pg_catalog.to_regclass($1)::oid OR (t.tgtype::int & 1 > 0 AND t.tgparentid = 0::oid))
  ORDER BY c.oid <> pg_catalog.to_regclass($1)::oid, t.tgname, n.nspname, c.relname`;

/**
 * Finds the triggers that the backfill's changes fire.
 *
 * @returns texts such as `name (BEFORE UPDATE, each row)`
 */
export async function findFiredTriggers(session: Session, definition: BackfillDefinition): Promise<string[]> {
  const changedTable = definition.kind === 'copy' ? definition.target : definition.table;
  const { last } = await session.send([
    { text: TRIGGERS, values: [changedTable, String(EVENTS[definition.kind])] },
  ]);
  return last.values(text);
}
