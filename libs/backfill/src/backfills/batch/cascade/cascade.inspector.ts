import type { CascadeReport } from '../../../report/cascade-report.js';
import { boolean, json, oneOf, text } from '../../../postgres/decoders.js';
import type { Session } from '../../../postgres/session.js';
import { toArrayText } from '../../../postgres/text-format.js';
import { applyPolicy } from '../../../postgres/timeout-policy.js';
import type { BackfillDefinition } from '../../definition/definition.js';
import { writtenColumns } from '../order/file.inspector.js';

/** A foreign key that reacts to the backfill's changes, and where its rows are. */
export interface Cascade extends Omit<CascadeReport, 'rows'> {
  /** What happens to the rows of the table. */
  readonly effect: 'deleted' | 'updated';
  /** OIDs of the table, or of its partitions that have rows. */
  readonly files: readonly string[];
  /** The foreign key is of the backfill's own table. */
  readonly isOwnTable: boolean;
}

/**
 * The foreign keys that react to a delete, or to an update of the columns `$2`, to any depth. A row that is deleted by
 * CASCADE takes further rows along, and so does a row whose foreign key is changed, if other tables refer to its columns.
 * A foreign key may refer to a partitioned table of which the table is a part, or to a part of it. The partitions of a
 * table inherit its foreign keys (`conparentid`). A generated column may depend on any column.
 */
const CASCADES = `WITH RECURSIVE reached (constraint_id, relid, event, action, effect, columns) AS (
    SELECT 0::oid, pg_catalog.to_regclass($1)::oid, NULL::text, NULL::text,
      CASE WHEN $2::text[] IS NULL THEN 'deleted' ELSE 'updated' END::text, $2::text[] COLLATE pg_catalog."C"
    UNION
    SELECT c.oid, c.conrelid, CASE r.effect WHEN 'deleted' THEN 'DELETE' ELSE 'UPDATE' END::text,
      CASE e.action WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' ELSE 'SET DEFAULT' END::text,
      CASE WHEN r.effect = 'deleted' AND e.action = 'c' THEN 'deleted' ELSE 'updated' END::text,
      ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = c.conrelid AND a.attnum = ANY(c.conkey) ORDER BY a.attnum)
    FROM reached AS r JOIN pg_catalog.pg_constraint AS c
      ON c.contype = 'f' AND c.conparentid = 0::oid
      AND (c.confrelid = r.relid OR c.confrelid IN (
        SELECT t.relid::oid FROM pg_catalog.pg_partition_tree(r.relid::regclass) AS t
        UNION ALL SELECT a.relid::oid FROM pg_catalog.pg_partition_ancestors(r.relid::regclass) AS a))
      CROSS JOIN LATERAL (SELECT CASE r.effect WHEN 'deleted' THEN c.confdeltype ELSE c.confupdtype END) AS e (action)
    WHERE e.action IN ('c', 'n', 'd') AND (r.effect = 'deleted' OR EXISTS (SELECT FROM pg_catalog.pg_attribute AS k
      WHERE k.attrelid = c.confrelid AND k.attnum = ANY(c.confkey) AND (k.attname = ANY(r.columns) OR k.attgenerated <> '')))
  )
  SELECT c.conname, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(t.relname), r.event, r.action,
    EXISTS (SELECT FROM pg_catalog.pg_index AS i WHERE i.indrelid = t.oid AND i.indisvalid AND i.indpred IS NULL
      AND NOT EXISTS (SELECT FROM pg_catalog.unnest(c.conkey) AS k (attnum) WHERE NOT EXISTS (
        SELECT FROM pg_catalog.generate_series(0, pg_catalog.cardinality(c.conkey) - 1) AS at WHERE i.indkey[at] = k.attnum))),
    r.effect,
    pg_catalog.to_json(CASE WHEN t.relkind = 'p'
      THEN ARRAY(SELECT p.relid::oid::text FROM pg_catalog.pg_partition_tree(t.oid::regclass) AS p WHERE p.isleaf)
      ELSE ARRAY[t.oid::text] END),
    t.oid = pg_catalog.to_regclass($1)::oid
  FROM reached AS r JOIN pg_catalog.pg_constraint AS c ON c.oid = r.constraint_id
  JOIN pg_catalog.pg_class AS t ON t.oid = r.relid JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace
  ORDER BY 2, 1, 3`;

/**
 * @returns the foreign keys through which the backfill's deletes, or its updates of referenced columns, reach other rows;
 * empty for `copy`, which only inserts, and for `process`, whose changes are not known
 */
export async function findCascades(session: Session, definition: BackfillDefinition): Promise<Cascade[]> {
  const { kind, pace, table } = definition;
  const written = writtenColumns(definition);
  if (kind !== 'purge' && written === null) return [];
  const found = await session.query(applyPolicy(pace), {
    text: CASCADES,
    values: [table, written && toArrayText(written)],
  });
  return found.all({
    constraint: text,
    table: text,
    event: oneOf<Cascade['event']>(),
    action: oneOf<Cascade['action']>(),
    isIndexed: boolean,
    effect: oneOf<Cascade['effect']>(),
    files: json<readonly string[]>(),
    isOwnTable: boolean,
  });
}
