import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import type { Session } from '../../postgres/session.js';
import { applyPolicy } from '../../postgres/timeout-policy.js';
import type { BackfillDefinition } from '../definition/definition.js';
import { KeyNotIndexedError, RowsHiddenError, TableMismatchError } from '../run.error.js';

/** Bytes of a table that may be read from end to end in every batch, for want of an index on its key. */
const SMALL = 8 * 2 ** 20;

/** What the database's catalogue says of the table, at this moment. */
export interface TableFacts {
  /** The type of a column as SQL, e.g. `character varying(40)`. */
  typeOf(column: ColumnMetadata): string;
  /** Whether row addresses (ctid) are unique only within a partition or child table. */
  readonly partitioned: boolean;
  /** The entity's key columns in the order of an index, along which they are read. */
  readonly key: readonly ColumnMetadata[];
  /** Whether an index gives the rows of one tenant in the order of the key. */
  readonly tenantIsIndexed: boolean;
}

/**
 * @throws TableMismatchError when the table, or a column that the backfill names, is not there; RowsHiddenError; KeyNotIndexedError
 */
export async function inspectTable(session: Session, definition: BackfillDefinition): Promise<TableFacts> {
  const { rows } = await session.transaction([
    // A policy is read under a lock on the table.
    applyPolicy(definition.pace),
    {
      text: `SELECT c.relkind::text, (c.relhassubclass OR c.relkind = 'p')::text, a.attname, format_type(a.atttypid, a.atttypmod),
          CASE WHEN row_security_active(c.oid) AND NOT (${SEES_ALL}) THEN current_user END
        FROM pg_class AS c
        JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE c.oid = to_regclass($1)`,
      values: [definition.table],
    },
  ]);
  const found = rows[1] ?? [];
  const [relkind, hasChildren] = found[0] ?? [];
  if (relkind === undefined) {
    throw new TableMismatchError(
      definition.name,
      `the table ${definition.table} does not exist`,
      'Run the schema migrations before the backfills.',
    );
  }
  if (relkind !== 'r' && relkind !== 'p') {
    throw new TableMismatchError(
      definition.name,
      `${definition.table} is not a table`,
      'Declare the backfill on the entity of the table that holds the rows; views and foreign tables cannot be locked row by row.',
    );
  }
  const hiddenFrom = found[0]?.[4];
  if (hiddenFrom) throw new RowsHiddenError(definition.name, definition.table, hiddenFrom);
  const types = new Map(found.map((row) => [row[2], row[3]]));
  return {
    partitioned: hasChildren === 'true',
    ...(await indexedKey(session, definition)),
    typeOf(column) {
      const type = types.get(column.databaseName);
      if (type) return type;
      throw new TableMismatchError(
        definition.name,
        `the column "${column.databaseName}" of ${definition.table} does not exist`,
        'Run the schema migrations before the backfills.',
      );
    },
  };
}

/** Of the table `c`: whether the policies for the role at hand let it read every row after all. */
const SEES_ALL = `SELECT coalesce(bool_and(polpermissive), false) AND coalesce(bool_or(pg_get_expr(polqual, polrelid) = 'true'), false)
  FROM pg_policy WHERE polrelid = c.oid AND polcmd IN ('*', 'r')
    AND EXISTS (SELECT FROM unnest(polroles) AS r WHERE r = 0 OR pg_has_role(r, 'USAGE'))`;

/** The columns of each index that can be read along, those first that are read in one direction; the smallest index first. */
const INDEXES = `SELECT array_to_json(ARRAY(
      SELECT a.attname FROM unnest(i.indkey) WITH ORDINALITY AS k (attnum, at) LEFT JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
      WHERE at <= i.indnkeyatts AND at <= $2::int AND (i.indoption[at - 1] & 1) = (i.indoption[0] & 1) ORDER BY at))::text
  FROM pg_index AS i JOIN pg_class AS x ON x.oid = i.indexrelid JOIN pg_am AS m ON m.oid = x.relam
  WHERE i.indrelid = to_regclass($1) AND i.indisvalid AND i.indpred IS NULL AND m.amname = 'btree'
  ORDER BY i.indisprimary DESC, i.indisunique DESC, x.relpages`;

/**
 * The order of the key's columns in the entity says nothing about the order in the index: read in another one, each batch would
 * sort the whole table.
 */
async function indexedKey(
  session: Session,
  definition: BackfillDefinition,
): Promise<Pick<TableFacts, 'key' | 'tenantIsIndexed'>> {
  const { key, table, name, tenant } = definition;
  const { rows } = await session.send([
    { text: INDEXES, values: [table, String(key.length + 1)] },
    {
      // As the statistics have it: to measure it would mean to wait for a lock on the table.
      text: `WITH RECURSIVE part (oid) AS (
          SELECT to_regclass($1)::oid UNION SELECT h.inhrelid FROM part JOIN pg_inherits AS h ON h.inhparent = part.oid
        ) SELECT (sum(greatest(c.relpages, 0)) * current_setting('block_size')::bigint > $2::bigint)::text
        FROM part JOIN pg_class AS c ON c.oid = part.oid`,
      values: [table, String(SMALL)],
    },
  ]);
  const indexes = (rows[0] ?? []).map((row) => JSON.parse(row[0] ?? '[]') as (string | null)[]);
  const orders = indexes.map((columns) => columns.slice(0, key.length));
  const asDeclared = (order: readonly (string | null)[]) =>
    key.every(({ databaseName }, at) => databaseName === order[at]);
  const serving = orders.filter((order) => key.every(({ databaseName }) => order.includes(databaseName)));
  const order = serving.find(asDeclared) ?? serving[0];
  if (order) {
    const sorted = [...key].sort((a, b) => order.indexOf(a.databaseName) - order.indexOf(b.databaseName));
    const ofTenant = [tenant, ...sorted].map((column) => column?.databaseName);
    const tenantIsIndexed = indexes.some((columns) => ofTenant.every((column, at) => column === columns[at]));
    return { key: sorted, tenantIsIndexed };
  }
  if (rows[1]?.[0]?.[0] === 'true')
    throw new KeyNotIndexedError(
      name,
      table,
      key.map(({ databaseName }) => databaseName),
    );
  return { key, tenantIsIndexed: false };
}
