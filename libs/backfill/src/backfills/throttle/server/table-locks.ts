import type { Parameters } from '../../../postgres/parameters.js';

/**
 * CTEs for the queries that read the locks of the table, its partitions and their TOAST tables. `pg_locks` is
 * read once for all of them, because each read of it locks all partitions of the lock manager.
 */
export function tableLocks(parameters: Parameters, table: string): string {
  return `WITH RECURSIVE part (oid) AS (
      SELECT pg_catalog.to_regclass(${parameters.add(table, 'text')})::oid
      UNION SELECT i.inhrelid FROM part JOIN pg_catalog.pg_inherits AS i ON i.inhparent = part.oid
    ), relation AS MATERIALIZED (
      SELECT c.oid, c.reltoastrelid, c.relkind, c.relfrozenxid, c.relminmxid, c.reloptions
      FROM part JOIN pg_catalog.pg_class AS c ON c.oid = part.oid
    ), table_lock AS MATERIALIZED (
      SELECT l.pid, l.locktype, l.mode, l.granted,
        l.relation IN (SELECT oid FROM relation UNION ALL SELECT reltoastrelid FROM relation) AS on_table
      FROM pg_catalog.pg_locks AS l
      WHERE l.database IS NULL OR l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
    ) `;
}
