import { nullable, number, text } from '../../postgres/decoders.js';
import type { Session } from '../../postgres/session.js';
import type { BackfillDefinition } from '../definition/definition.js';

/** What PostgreSQL's statistics say of the table and its partitions. */
export interface TableStatistics {
  /** OID of the table, as text. */
  readonly tableId: string;
  /** Rows, pending or not; null if a part of the table was never analyzed. */
  readonly rows: number | null;
}

const STATISTICS = `WITH part (oid) AS (
    SELECT to_regclass($1)::oid WHERE NOT EXISTS (SELECT FROM pg_partition_tree(to_regclass($1)))
    UNION ALL SELECT relid FROM pg_partition_tree(to_regclass($1)) WHERE isleaf
  )
  SELECT to_regclass($1)::oid::text, (CASE WHEN bool_and(c.reltuples >= 0) THEN sum(c.reltuples) END)::text
  FROM part JOIN pg_class AS c ON c.oid = part.oid`;

/** Reads the statistics of the table that the backfill sweeps. Takes no lock on it. */
export async function readTableStatistics(
  session: Session,
  { table }: BackfillDefinition,
): Promise<TableStatistics> {
  const { last } = await session.send([{ text: STATISTICS, values: [table] }]);
  return last.one({ tableId: text, rows: nullable(number) });
}
