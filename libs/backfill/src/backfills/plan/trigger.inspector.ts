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
 * Finds the triggers that the backfill's changes fire.
 *
 * @returns texts such as `name (BEFORE UPDATE, each row)`
 */
export async function findFiredTriggers(session: Session, definition: BackfillDefinition): Promise<string[]> {
  const changedTable = definition.kind === 'copy' ? definition.target : definition.table;
  const { last } = await session.send([
    {
      text: `SELECT pg_catalog.format('%s (%s %s, each %s)', tgname,
          CASE WHEN tgtype::int & 2 > 0 THEN 'BEFORE' WHEN tgtype::int & 64 > 0 THEN 'INSTEAD OF' ELSE 'AFTER' END,
          pg_catalog.concat_ws(' OR ', CASE WHEN tgtype::int & 4 > 0 THEN 'INSERT' END, CASE WHEN tgtype::int & 16 > 0 THEN 'UPDATE' END,
            CASE WHEN tgtype::int & 8 > 0 THEN 'DELETE' END),
          CASE WHEN tgtype::int & 1 > 0 THEN 'row' ELSE 'statement' END)
        FROM pg_catalog.pg_trigger
        WHERE tgrelid = pg_catalog.to_regclass($1)::oid AND NOT tgisinternal AND tgenabled <> 'D' AND tgtype::int & $2::int > 0 ORDER BY tgname`,
      values: [changedTable, String(EVENTS[definition.kind])],
    },
  ]);
  return last.values(text);
}
