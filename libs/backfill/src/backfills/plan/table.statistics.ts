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
    SELECT to_regclass($1)::oid WHERE NOT EXISTS (SELECT FROM pg_partition_tree(to_regclass($1)))
    UNION SELECT relid FROM pg_partition_tree(to_regclass($1)) WHERE isleaf
  )`;

/** SQL for a storage parameter of the table `c`. */
function option(name: string, otherwise = `current_setting('${name}')`): string {
  return `coalesce((SELECT option_value FROM pg_options_to_table(c.reloptions) WHERE option_name = '${name}'), ${otherwise})`;
}

const STATISTICS = `${PARTS}
  SELECT to_regclass($1)::oid::text, (CASE WHEN bool_and(c.reltuples >= 0) THEN sum(c.reltuples) END)::text,
    coalesce(sum(pg_relation_size(c.oid)), 0)::text,
    coalesce(sum(c.reltuples) FILTER (WHERE c.reltuples > 0) / nullif(sum(c.relpages) FILTER (WHERE c.reltuples > 0), 0), 50)::text,
    coalesce(bool_or(pg_relation_size(c.reltoastrelid) > 0), false)::text,
    coalesce(min((SELECT option_value::int FROM pg_options_to_table(c.reloptions) WHERE option_name = 'fillfactor')), 100)::text,
    current_setting('block_size'),
    (CASE WHEN current_setting('autovacuum')::boolean AND bool_and(${option('autovacuum_enabled', "'true'")}::boolean)
      THEN sum(${option('autovacuum_vacuum_threshold')}::float8 + ${option('autovacuum_vacuum_scale_factor')}::float8 * greatest(c.reltuples, 0)) END)::text,
    (SELECT setting::float8 * 1048576 / (1 + current_setting('checkpoint_completion_target')::float8) FROM pg_settings WHERE name = 'max_wal_size')::text
  FROM part JOIN pg_class AS c ON c.oid = part.oid`;

/** The correlation and width come from pg_stats, which shows only columns that this role may read. */
const INDEXES = `${PARTS}
  SELECT coalesce(json_agg(json_build_object('name', x.relname, 'isPrimary', i.indisprimary, 'bytes', pg_relation_size(x.oid), 'method', m.amname, 'predicate', pg_get_expr(i.indpred, i.indrelid),
    'correlation', coalesce((SELECT abs(s.correlation) FROM pg_stats AS s WHERE s.schemaname = n.nspname AND s.tablename = t.relname
      AND s.attname = (SELECT a.attname FROM pg_attribute AS a WHERE a.attrelid = t.oid AND a.attnum = i.indkey[0])), 0),
    'entryBytes', 8 + coalesce((SELECT sum(s.avg_width) FROM pg_stats AS s WHERE s.schemaname = n.nspname AND s.tablename = t.relname
      AND s.attname IN (SELECT a.attname FROM pg_attribute AS a WHERE a.attrelid = t.oid AND a.attnum = ANY(i.indkey))), 16))), '[]')::text
  FROM part JOIN pg_class AS t ON t.oid = part.oid JOIN pg_namespace AS n ON n.oid = t.relnamespace
  JOIN pg_index AS i ON i.indrelid = t.oid AND i.indisready JOIN pg_class AS x ON x.oid = i.indexrelid JOIN pg_am AS m ON m.oid = x.relam`;

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
