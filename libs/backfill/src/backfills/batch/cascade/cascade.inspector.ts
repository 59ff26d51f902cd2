import type { CascadeReport } from '../../../report/cascade-report.js';
import { boolean, json, oneOf, text } from '../../../postgres/decoders.js';
import type { Session } from '../../../postgres/session.js';
import { applyPolicy } from '../../../postgres/timeout-policy.js';
import type { BackfillDefinition } from '../../definition/definition.js';

/** A foreign key that reacts to deletes, and where its rows are. */
export interface Cascade extends Omit<CascadeReport, 'rows'> {
  /** OIDs of the table, or of its partitions that have rows. */
  readonly files: readonly string[];
  /** The foreign key is of the backfill's own table. */
  readonly isOwnTable: boolean;
}

/**
 * The foreign keys that react to a delete, to any depth: only rows that are deleted by CASCADE take further rows
 * along. A foreign key may refer to a partitioned table of which the table is a part, or to a part of it. The
 * partitions of a table inherit its foreign keys (`conparentid`).
 */
const CASCADES = `WITH RECURSIVE reached (constraint_id, relid, action) AS (
    SELECT 0::oid, pg_catalog.to_regclass($1)::oid, 'c'::"char"
    UNION
    SELECT c.oid, c.conrelid, c.confdeltype FROM reached AS r JOIN pg_catalog.pg_constraint AS c
      ON c.contype = 'f' AND c.conparentid = 0::oid AND c.confdeltype IN ('c', 'n', 'd')
      AND (c.confrelid = r.relid OR c.confrelid IN (
        SELECT t.relid::oid FROM pg_catalog.pg_partition_tree(r.relid::regclass) AS t
        UNION ALL SELECT a.relid::oid FROM pg_catalog.pg_partition_ancestors(r.relid::regclass) AS a))
    WHERE r.action = 'c'
  )
  SELECT c.conname, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(t.relname),
    CASE r.action WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' ELSE 'SET DEFAULT' END,
    EXISTS (SELECT FROM pg_catalog.pg_index AS i WHERE i.indrelid = t.oid AND i.indisvalid AND i.indpred IS NULL
      AND NOT EXISTS (SELECT FROM pg_catalog.unnest(c.conkey) AS k (attnum) WHERE NOT EXISTS (
        SELECT FROM pg_catalog.generate_series(0, pg_catalog.cardinality(c.conkey) - 1) AS at WHERE i.indkey[at] = k.attnum))),
    pg_catalog.to_json(CASE WHEN t.relkind = 'p'
      THEN ARRAY(SELECT p.relid::oid::text FROM pg_catalog.pg_partition_tree(t.oid::regclass) AS p WHERE p.isleaf)
      ELSE ARRAY[t.oid::text] END),
    t.oid = pg_catalog.to_regclass($1)::oid
  FROM reached AS r JOIN pg_catalog.pg_constraint AS c ON c.oid = r.constraint_id
  JOIN pg_catalog.pg_class AS t ON t.oid = r.relid JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace
  ORDER BY 2, 1`;

/** @returns the foreign keys through which deletes of the backfill reach other rows; empty for every kind but `purge` */
export async function findCascades(session: Session, definition: BackfillDefinition): Promise<Cascade[]> {
  const { kind, pace, table } = definition;
  if (kind !== 'purge') return [];
  const found = await session.query(applyPolicy(pace), { text: CASCADES, values: [table] });
  return found.all({
    constraint: text,
    table: text,
    action: oneOf<Cascade['action']>(),
    isIndexed: boolean,
    files: json<readonly string[]>(),
    isOwnTable: boolean,
  });
}
