import { boolean, json, nullable, number, text } from '../../postgres/decoders.js';
import type { Session } from '../../postgres/session.js';
import { applyPolicy } from '../../postgres/timeout-policy.js';
import { writtenColumns } from '../batch/order/file.inspector.js';
import { mentionsColumn } from '../definition/column-mentions.js';
import type { BackfillDefinition } from '../definition/definition.js';
import { PLAN_TIMEOUTS } from './rehearsal/plan-timeouts.js';

export interface IndexStatistics {
  readonly name: string;
  readonly isPrimary: boolean;
  readonly bytes: number;
  readonly method: string;
  /** Of a partial index. */
  readonly predicate: string | null;
  /** Whether its keys follow the order of the rows: the absolute correlation of its first column, 0 to 1. */
  readonly correlation: number;
  /** Average length of an entry in bytes. */
  readonly entryBytes: number;
}

/** What the catalog says of the table with its partitions, and of the server. */
export interface TableStatistics {
  /** OID of the table, as text. */
  readonly tableId: string;
  /** Rows, pending or not; null if a part of the table was never analyzed. */
  readonly rows: number | null;
  /** Bytes of the rows, without values that are stored out of line. */
  readonly heapBytes: number;
  /** Rows per page. */
  readonly rowsPerPage: number;
  readonly hasLargeValues: boolean;
  /** Percent of a page that inserted rows fill. */
  readonly fillfactor: number;
  readonly blockSize: number;
  /** Dead rows from which autovacuum starts; null: it is off, or its threshold is not known. */
  readonly autovacuumFrom: number | null;
  /** Bytes of WAL after which the server makes a checkpoint. */
  readonly checkpointBytes: number;
  /** Without partial indexes whose predicate mentions a written column: changed rows get no entry in them. */
  readonly indexes: readonly IndexStatistics[];
}

const PARTS = `WITH part (oid) AS (
    SELECT pg_catalog.to_regclass($1)::oid WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_partition_tree(pg_catalog.to_regclass($1)))
    UNION SELECT relid FROM pg_catalog.pg_partition_tree(pg_catalog.to_regclass($1)) WHERE isleaf
  )`;

/** SQL for a storage parameter of the table `c`. */
function option(name: string, otherwise = `pg_catalog.current_setting('${name}')`): string {
  return `coalesce((SELECT option_value FROM pg_catalog.pg_options_to_table(c.reloptions) WHERE option_name = '${name}'), ${otherwise})`;
}

const STATISTICS = `${PARTS}
  SELECT pg_catalog.to_regclass($1)::oid::text, (CASE WHEN pg_catalog.bool_and(c.reltuples >= 0::real) THEN pg_catalog.sum(c.reltuples) END)::text,
    coalesce(pg_catalog.sum(pg_catalog.pg_relation_size(c.oid)), 0)::text,
    coalesce(pg_catalog.sum(c.reltuples) FILTER (WHERE c.reltuples > 0::real) / nullif(pg_catalog.sum(c.relpages::real) FILTER (WHERE c.reltuples > 0::real), 0::real), 50)::text,
    coalesce(pg_catalog.bool_or(pg_catalog.pg_relation_size(c.reltoastrelid) > 0), false)::text,
    coalesce(pg_catalog.min((SELECT option_value::int FROM pg_catalog.pg_options_to_table(c.reloptions) WHERE option_name = 'fillfactor')), 100)::text,
    pg_catalog.current_setting('block_size'),
    (CASE WHEN pg_catalog.current_setting('autovacuum')::boolean AND pg_catalog.bool_and(${option('autovacuum_enabled', "'true'")}::boolean)
      THEN pg_catalog.sum(${option('autovacuum_vacuum_threshold')}::float8 + ${option('autovacuum_vacuum_scale_factor')}::float8 * greatest(c.reltuples::float8, 0)) END)::text,
    (SELECT setting::float8 * 1048576::float8 / (1::float8 + pg_catalog.current_setting('checkpoint_completion_target')::float8) FROM pg_catalog.pg_settings WHERE name = 'max_wal_size')::text
  FROM part JOIN pg_catalog.pg_class AS c ON c.oid = part.oid`;

/** The correlation and width come from pg_stats, which shows only columns that this role may read. */
const INDEXES = `${PARTS}
  SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object('name', x.relname, 'isPrimary', i.indisprimary, 'bytes', pg_catalog.pg_relation_size(x.oid), 'method', m.amname, 'predicate', pg_catalog.pg_get_expr(i.indpred, i.indrelid),
    'correlation', coalesce((SELECT pg_catalog.abs(s.correlation) FROM pg_catalog.pg_stats AS s WHERE s.schemaname = n.nspname AND s.tablename = t.relname
      AND s.attname = (SELECT a.attname FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = t.oid AND a.attnum = i.indkey[0])), 0),
    'entryBytes', 8 + coalesce((SELECT pg_catalog.sum(s.avg_width) FROM pg_catalog.pg_stats AS s WHERE s.schemaname = n.nspname AND s.tablename = t.relname
      AND s.attname IN (SELECT a.attname FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = t.oid AND a.attnum = ANY(i.indkey))), 16))), '[]')::text
  FROM part JOIN pg_catalog.pg_class AS t ON t.oid = part.oid JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace
  JOIN pg_catalog.pg_index AS i ON i.indrelid = t.oid AND i.indisready JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid JOIN pg_catalog.pg_am AS m ON m.oid = x.relam`;

/** Reads the statistics of the table that the backfill sweeps. */
export async function readTableStatistics(
  session: Session,
  definition: BackfillDefinition,
): Promise<TableStatistics> {
  const { table } = definition;
  const written = writtenColumns(definition) ?? [];
  const result = await session.sendWithin(applyPolicy(PLAN_TIMEOUTS), [
    { text: STATISTICS, values: [table] },
    { text: INDEXES, values: [table] },
  ]);
  return {
    ...result.at(0).one({
      tableId: text,
      rows: nullable(number),
      heapBytes: number,
      rowsPerPage: number,
      hasLargeValues: boolean,
      fillfactor: number,
      blockSize: number,
      autovacuumFrom: nullable(number),
      checkpointBytes: number,
    }),
    indexes: result
      .at(1)
      .value(json<IndexStatistics[]>())
      .filter(({ predicate }) => !written.some((column) => mentionsColumn(predicate ?? '', column))),
  };
}
