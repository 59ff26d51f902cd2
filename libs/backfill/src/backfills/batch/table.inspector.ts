import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { boolean, json, nullable, text } from '../../postgres/decoders.js';
import type { Session } from '../../postgres/session.js';
import { applyPolicy } from '../../postgres/timeout-policy.js';
import type { BackfillDefinition } from '../definition/definition.js';
import { findCascades } from './cascade/cascade.inspector.js';
import { hasKeyText } from './key-text.js';
import { CascadeMeter } from './cascade/cascade.meter.js';
import { KeyNotIndexedError, NotInDatabaseError, RowsHiddenError, TableMismatchError } from '../run.error.js';

/** A table up to this size may be read completely in every batch, if no index serves its key. */
const MAX_UNINDEXED_BYTES = 8 * 2 ** 20;

export type KeyOperator = '>' | '<' | '<=' | '=';

/** Facts about the table from the system catalogs. */
export interface TableFacts {
  /**
   * The type of a column as SQL, e.g. `character varying(40)`.
   * @throws TableMismatchError for a column that does not exist
   */
  typeOf(column: ColumnMetadata): string;
  /** The type of a column as SQL, for a domain the type below it, without its length or precision. */
  baseTypeOf(column: ColumnMetadata): string;
  /**
   * The operator that compares values of the columns, or rows of them, as their indexes do: with its schema where
   * another role could create an operator that fits the types better than the one of PostgreSQL or of an extension.
   */
  operator(operator: KeyOperator, columns: readonly ColumnMetadata[]): string;
  /** The table has partitions or child tables, so a row's ctid is unique only together with its tableoid. */
  readonly hasChildTables: boolean;
  /** The entity's key columns, in the order of the index by which the sweep reads. */
  readonly key: readonly ColumnMetadata[];
  /** The database has a trigger or a constraint that PostgreSQL runs at COMMIT. */
  readonly hasDeferredTriggers: boolean;
  /** An index returns the rows of one tenant in the order of the key. */
  readonly isTenantIndexed: boolean;
  /** Counts the rows that the changes take along; null if no foreign key reacts to them. */
  readonly cascades: CascadeMeter | null;
}

/**
 * For the table `c`: the policies of the current role let it read every row although row-level security is
 * active.
 */
const SEES_ALL = `SELECT coalesce(pg_catalog.bool_and(polpermissive), false) AND coalesce(pg_catalog.bool_or(pg_catalog.pg_get_expr(polqual, polrelid) = 'true'), false)
  FROM pg_catalog.pg_policy WHERE polrelid = c.oid AND polcmd IN ('*', 'r')
    AND EXISTS (SELECT FROM pg_catalog.unnest(polroles) AS r WHERE r = 0::oid OR pg_catalog.pg_has_role(r, 'USAGE'))`;

/**
 * The schema of the operators by which the default B-tree operator class sorts the column `a`, e.g. that of an
 * extension's type. A domain has the operators of its base type.
 */
const OPERATOR_SCHEMA = `WITH RECURSIVE base (oid) AS (
    SELECT a.atttypid UNION ALL SELECT t.typbasetype FROM base JOIN pg_catalog.pg_type AS t ON t.oid = base.oid AND t.typtype = 'd'
  ) SELECT pg_catalog.quote_ident(n.nspname) FROM base
  JOIN pg_catalog.pg_opclass AS c ON c.opcintype = base.oid AND c.opcdefault
  JOIN pg_catalog.pg_am AS m ON m.oid = c.opcmethod AND m.amname = 'btree'
  JOIN pg_catalog.pg_amop AS p ON p.amopfamily = c.opcfamily AND p.amoplefttype = base.oid AND p.amoprighttype = base.oid AND p.amopstrategy = 1
  JOIN pg_catalog.pg_operator AS o ON o.oid = p.amopopr JOIN pg_catalog.pg_namespace AS n ON n.oid = o.oprnamespace LIMIT 1`;

/** `range of date`. PostgreSQL before version 14 has no multirange, and `pg_range` no column for it. */
const RANGE_TYPE = `pg_catalog.format('%s of %s', CASE kind WHEN 'r' THEN 'range' ELSE 'multirange' END,
    (SELECT pg_catalog.format_type(r.rngsubtype, NULL) FROM pg_catalog.pg_range AS r
      WHERE base.oid IN (r.rngtypid, (pg_catalog.to_jsonb(r) OPERATOR(pg_catalog.->>) 'rngmultitypid')::oid)))`;

/**
 * The type of the column `a`, for a domain the type below it, and whether it is a range, or one of a table or of CREATE
 * TYPE … AS (…).
 */
const BASE_TYPE = `WITH RECURSIVE base (oid, kind, below) AS (
    SELECT t.oid, t.typtype, t.typbasetype FROM pg_catalog.pg_type AS t WHERE t.oid = a.atttypid
    UNION ALL SELECT t.oid, t.typtype, t.typbasetype FROM base JOIN pg_catalog.pg_type AS t ON t.oid = base.below WHERE base.kind = 'd'
  ) SELECT CASE WHEN kind = 'c' THEN 'record' WHEN kind IN ('r', 'm') THEN ${RANGE_TYPE} ELSE pg_catalog.format_type(oid, NULL) END FROM base WHERE kind <> 'd'`;

const COLUMNS = `SELECT c.relkind, c.relhassubclass OR c.relkind = 'p', a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), (${BASE_TYPE}),
    CASE WHEN pg_catalog.row_security_active(c.oid) AND NOT (${SEES_ALL}) THEN current_user END,
    EXISTS (SELECT FROM pg_catalog.pg_trigger WHERE tginitdeferred),
    CASE WHEN NOT EXISTS (SELECT FROM pg_catalog.pg_operator WHERE oprname = '=' AND oprnamespace = 'pg_catalog'::regnamespace::oid
      AND oprleft = a.atttypid AND oprright = a.atttypid) THEN coalesce((${OPERATOR_SCHEMA}), 'pg_catalog') END
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  WHERE c.oid = pg_catalog.to_regclass($1)::oid`;

/**
 * The leading columns of each index, as far as they are sorted in one direction. The primary key and small
 * indexes come first.
 */
const INDEXES = `SELECT pg_catalog.array_to_json(ARRAY(
      SELECT a.attname FROM pg_catalog.unnest(i.indkey) WITH ORDINALITY AS k (attnum, at) LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
      WHERE at <= i.indnkeyatts AND at <= $2::int AND (i.indoption[at - 1]::int & 1) = (i.indoption[0]::int & 1) ORDER BY at))
  FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid JOIN pg_catalog.pg_am AS m ON m.oid = x.relam
  WHERE i.indrelid = pg_catalog.to_regclass($1)::oid AND i.indisvalid AND i.indpred IS NULL AND m.amname = 'btree'
  ORDER BY i.indisprimary DESC, i.indisunique DESC, x.relpages`;

/** Uses the size in `pg_class`, because `pg_relation_size()` would wait for a lock on the table. */
const IS_LARGE = `WITH RECURSIVE part (oid) AS (
    SELECT pg_catalog.to_regclass($1)::oid UNION SELECT h.inhrelid FROM part JOIN pg_catalog.pg_inherits AS h ON h.inhparent = part.oid
  ) SELECT pg_catalog.sum(greatest(c.relpages, 0)) * pg_catalog.current_setting('block_size')::bigint > $2::bigint
  FROM part JOIN pg_catalog.pg_class AS c ON c.oid = part.oid`;

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
    baseType: text,
    hiddenFrom: nullable(text),
    hasDeferredTriggers: boolean,
    operatorSchema: nullable(text),
  });
  const [first] = columns;
  if (!first) throw new NotInDatabaseError(name, `the table ${table} does not exist`);
  if (first.relkind !== 'r' && first.relkind !== 'p') {
    throw new TableMismatchError(
      name,
      `${table} is not a table`,
      'Declare the backfill on the entity of the table that holds the rows. Rows of views and foreign tables cannot be locked.',
    );
  }
  if (first.hiddenFrom !== null) throw new RowsHiddenError(name, table, first.hiddenFrom);
  const types = new Map(columns.map((column) => [column.column, column]));
  const columnOf = ({ databaseName }: ColumnMetadata) => {
    const column = types.get(databaseName);
    if (column) return column;
    throw new NotInDatabaseError(name, `the column "${databaseName}" of ${table} does not exist`);
  };
  for (const column of definition.key) checkKeyType(definition, column, columnOf(column));
  const schemas = new Map(columns.map(({ column, operatorSchema }) => [column, operatorSchema]));
  return {
    hasChildTables: first.hasChildTables,
    hasDeferredTriggers: first.hasDeferredTriggers,
    ...(await inspectKey(session, definition)),
    cascades: await meterCascades(session, definition),
    operator: (operator, compared) =>
      qualifiedOperator(
        operator,
        compared.map(({ databaseName }) => schemas.get(databaseName) ?? null),
      ),
    typeOf: (column) => columnOf(column).type,
    baseTypeOf: (column) => columnOf(column).baseType,
  };
}

/** @throws TableMismatchError for a type whose values have no text that is the same in every session */
function checkKeyType(
  { name, table }: BackfillDefinition,
  { databaseName }: ColumnMetadata,
  { type, baseType }: { readonly type: string; readonly baseType: string },
): void {
  if (hasKeyText(baseType)) return;
  throw new TableMismatchError(
    name,
    `the column "${databaseName}" of the entity's key in ${table} has the type ${type}, whose text depends on the settings of a session, so that the ledger cannot keep positions in this key`,
    'Declare another unique column as the primary column of the entity, e.g. a number or a uuid.',
  );
}

async function meterCascades(session: Session, definition: BackfillDefinition): Promise<CascadeMeter | null> {
  const cascades = await findCascades(session, definition);
  if (cascades.length === 0) return null;
  const ownEffect = definition.kind === 'purge' ? 'deleted' : 'updated';
  return new CascadeMeter(cascades, { isAccepted: definition.acceptsCascades, ownEffect });
}

/**
 * @param schemas of the columns' operators; null for a type with an operator of its own in pg_catalog, which is found
 * first. A row has one operator for all of its columns.
 */
function qualifiedOperator(operator: KeyOperator, schemas: readonly (string | null)[]): string {
  const qualified = [...new Set(schemas.map((schema) => schema ?? 'pg_catalog'))];
  const isSafe = schemas.every((schema) => schema === null);
  return isSafe || qualified.length > 1 ? operator : `OPERATOR(${qualified[0]}.${operator})`;
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
