import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { boolean, json, nullable, text } from '../../postgres/decoders.js';
import type { Session } from '../../postgres/session.js';
import { applyPolicy } from '../../postgres/timeout-policy.js';
import type { BackfillDefinition } from '../definition/definition.js';
import { KeyNotIndexedError, RowsHiddenError, TableMismatchError } from '../run.error.js';

/** A table up to this size may be read completely in every batch, if no index serves its key. */
const MAX_UNINDEXED_BYTES = 8 * 2 ** 20;

/** Facts about the table from the system catalogs. */
export interface TableFacts {
  /**
   * The type of a column as SQL, e.g. `character varying(40)`.
   * @throws TableMismatchError for a column that does not exist
   */
  typeOf(column: ColumnMetadata): string;
  /** The table has partitions or child tables, so a row's ctid is unique only together with its tableoid. */
  readonly hasChildTables: boolean;
  /** The entity's key columns, in the order of the index by which the sweep reads. */
  readonly key: readonly ColumnMetadata[];
  /** The database has a trigger or a constraint that PostgreSQL runs at COMMIT. */
  readonly hasDeferredTriggers: boolean;
  /** An index returns the rows of one tenant in the order of the key. */
  readonly isTenantIndexed: boolean;
}

/**
 * For the table `c`: the policies of the current role let it read every row although row-level security is
 * active.
 */
const SEES_ALL = `SELECT coalesce(bool_and(polpermissive), false) AND coalesce(bool_or(pg_get_expr(polqual, polrelid) = 'true'), false)
  FROM pg_policy WHERE polrelid = c.oid AND polcmd IN ('*', 'r')
    AND EXISTS (SELECT FROM unnest(polroles) AS r WHERE r = 0 OR pg_has_role(r, 'USAGE'))`;

const COLUMNS = `SELECT c.relkind, c.relhassubclass OR c.relkind = 'p', a.attname, format_type(a.atttypid, a.atttypmod),
    CASE WHEN row_security_active(c.oid) AND NOT (${SEES_ALL}) THEN current_user END,
    EXISTS (SELECT FROM pg_trigger WHERE tginitdeferred)
  FROM pg_class AS c
  JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  WHERE c.oid = to_regclass($1)`;

/**
 * The leading columns of each index, as far as they are sorted in one direction. The primary key and small
 * indexes come first.
 */
const INDEXES = `SELECT array_to_json(ARRAY(
      SELECT a.attname FROM unnest(i.indkey) WITH ORDINALITY AS k (attnum, at) LEFT JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
      WHERE at <= i.indnkeyatts AND at <= $2::int AND (i.indoption[at - 1] & 1) = (i.indoption[0] & 1) ORDER BY at))
  FROM pg_index AS i JOIN pg_class AS x ON x.oid = i.indexrelid JOIN pg_am AS m ON m.oid = x.relam
  WHERE i.indrelid = to_regclass($1) AND i.indisvalid AND i.indpred IS NULL AND m.amname = 'btree'
  ORDER BY i.indisprimary DESC, i.indisunique DESC, x.relpages`;

/** Uses the size in `pg_class`, because `pg_relation_size()` would wait for a lock on the table. */
const IS_LARGE = `WITH RECURSIVE part (oid) AS (
    SELECT to_regclass($1)::oid UNION SELECT h.inhrelid FROM part JOIN pg_inherits AS h ON h.inhparent = part.oid
  ) SELECT sum(greatest(c.relpages, 0)) * current_setting('block_size')::bigint > $2::bigint
  FROM part JOIN pg_class AS c ON c.oid = part.oid`;

/**
 * @throws TableMismatchError if the table does not exist or is not a table; RowsHiddenError;
 * KeyNotIndexedError
 */
export async function inspectTable(session: Session, definition: BackfillDefinition): Promise<TableFacts> {
  const { name, table } = definition;
  // The query has timeouts, because reading a policy needs a lock on the table.
  const result = await session.query(applyPolicy(definition.pace), { text: COLUMNS, values: [table] });
  const columns = result.all({
    relkind: text,
    hasChildTables: boolean,
    column: text,
    type: text,
    hiddenFrom: nullable(text),
    hasDeferredTriggers: boolean,
  });
  const [first] = columns;
  if (!first) throw notInDatabase(name, `the table ${table} does not exist`);
  if (first.relkind !== 'r' && first.relkind !== 'p') {
    throw new TableMismatchError(
      name,
      `${table} is not a table`,
      'Declare the backfill on the entity of the table that holds the rows. Rows of views and foreign tables cannot be locked.',
    );
  }
  if (first.hiddenFrom !== null) throw new RowsHiddenError(name, table, first.hiddenFrom);
  const types = new Map(columns.map(({ column, type }) => [column, type]));
  return {
    hasChildTables: first.hasChildTables,
    hasDeferredTriggers: first.hasDeferredTriggers,
    ...(await inspectKey(session, definition)),
    typeOf({ databaseName }) {
      const type = types.get(databaseName);
      if (type) return type;
      throw notInDatabase(name, `the column "${databaseName}" of ${table} does not exist`);
    },
  };
}

function notInDatabase(backfill: string, problem: string): TableMismatchError {
  return new TableMismatchError(backfill, problem, 'Run the schema migrations before the backfills.');
}

/** The key columns of an index; null for an expression. */
type IndexColumns = readonly (string | null)[];

/**
 * Finds an index on the key columns and returns the key in the order of that index, which may differ from the
 * order in the entity. In any other order, every batch would sort the whole table.
 */
async function inspectKey(
  session: Session,
  definition: BackfillDefinition,
): Promise<Pick<TableFacts, 'key' | 'isTenantIndexed'>> {
  const { key, table, name } = definition;
  const result = await session.send([
    { text: INDEXES, values: [table, String(key.length + 1)] },
    { text: IS_LARGE, values: [table, String(MAX_UNINDEXED_BYTES)] },
  ]);
  const indexes = result.at(0).values(json<IndexColumns>());
  const order = findKeyOrder(key, indexes);
  if (order) {
    const sorted = [...key].sort((a, b) => order.indexOf(a.databaseName) - order.indexOf(b.databaseName));
    return { key: sorted, isTenantIndexed: isTenantIndexed(definition, sorted, indexes) };
  }
  if (result.last.value(boolean)) {
    const columns = key.map(({ databaseName }) => databaseName);
    throw new KeyNotIndexedError(name, table, columns);
  }
  return { key, isTenantIndexed: false };
}

/**
 * The entity's own order if an index has it, otherwise that of the first index that begins with the key's
 * columns.
 */
function findKeyOrder(
  key: readonly ColumnMetadata[],
  indexes: readonly IndexColumns[],
): IndexColumns | undefined {
  const orders = indexes
    .map((columns) => columns.slice(0, key.length))
    .filter((order) => key.every(({ databaseName }) => order.includes(databaseName)));
  const isDeclaredOrder = (order: IndexColumns) =>
    key.every(({ databaseName }, at) => databaseName === order[at]);
  return orders.find(isDeclaredOrder) ?? orders[0];
}

function isTenantIndexed(
  { tenant }: BackfillDefinition,
  key: readonly ColumnMetadata[],
  indexes: readonly IndexColumns[],
): boolean {
  const tenantAndKey = [tenant, ...key].map((column) => column?.databaseName);
  return indexes.some((columns) => tenantAndKey.every((column, at) => column === columns[at]));
}
