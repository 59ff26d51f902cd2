import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import type { Key } from '../../ledger/range.js';
import { rowsFromArrays, type Parameters } from '../../postgres/parameters.js';
import { columnOfRow } from '../definition/columns.js';
import { exactKeySettings } from '../definition/compile/exact.settings.js';
import { ROW, type BackfillDefinition } from '../definition/definition.js';
import { keyText, tenantText } from './key-text.js';
import type { KeyOperator, TableFacts } from './table.inspector.js';

/**
 * SQL fragments for a backfill's table and the key by which its rows are ordered. All names that the
 * fragments introduce begin with `nb_`, so that they do not clash with names in the user's SQL.
 */
export class KeyedTable {
  /** Its `key` has the columns in the order of the index. */
  readonly definition: BackfillDefinition;
  readonly facts: TableFacts;

  constructor(definition: BackfillDefinition, facts: TableFacts) {
    const { pace } = definition;
    const settings = {
      ...pace.settings,
      ...exactKeySettings(facts.key.map((each) => facts.baseTypeOf(each))),
    };
    this.definition = { ...definition, key: facts.key, pace: { ...pace, settings } };
    this.facts = facts;
  }

  /** `"leads" AS "this_row"` */
  get from(): string {
    return `${this.definition.table} AS ${ROW}`;
  }

  /** Select list that identifies a row version: ctid, tableoid, key and tenant. */
  get identity(): string {
    return `${ROW}.ctid AS nb_row_id, ${ROW}.tableoid AS nb_table_id, ${this.keyAndTenant}`;
  }

  /** Select list for a row that comes from a subquery and therefore has no ctid. */
  get keyAndTenant(): string {
    const key = this.definition.key.map((column, at) => `${columnOfRow(column)} AS nb_key_${at + 1}`);
    return [...key, `${this.tenantText} AS nb_tenant`].join(', ');
  }

  get tenantText(): string {
    const { tenant } = this.definition;
    return tenant ? tenantText(columnOfRow(tenant), this.facts.baseTypeOf(tenant)) : 'NULL::text';
  }

  /** The row's key in the ledger's format: a JSON array of strings. */
  get keyJson(): string {
    return `pg_catalog.jsonb_build_array(${this.keyTexts.join(', ')})`;
  }

  /** One expression of type text per key column. */
  get keyTexts(): readonly string[] {
    return this.definition.key.map((column) => keyText(columnOfRow(column), this.facts.baseTypeOf(column)));
  }

  /** The key from the columns of `identity`, in the ledger's format. */
  get identityJson(): string {
    const texts = this.definition.key.map((column, at) =>
      keyText(`nb_key_${at + 1}`, this.facts.baseTypeOf(column)),
    );
    return `pg_catalog.jsonb_build_array(${texts.join(', ')})`;
  }

  /**
   * The condition that joins a row to its `identity` in a CTE. It compares ctids, so it needs no index. The key lets
   * PostgreSQL leave out the other partitions, each of which it would read for each row.
   */
  sameVersion(cte: string): string {
    const sameRow = `${ROW}.ctid = ${cte}.nb_row_id`;
    if (!this.facts.hasChildTables) return sameRow;
    const sameKey = this.definition.key.map(
      (column, at) => `${columnOfRow(column)} ${this.facts.operator('=', [column])} ${cte}.nb_key_${at + 1}`,
    );
    return [sameRow, `${ROW}.tableoid = ${cte}.nb_table_id`, ...sameKey].join(' AND ');
  }

  orderBy(direction: 'ASC' | 'DESC' = 'ASC'): string {
    return this.definition.key.map((column) => `${columnOfRow(column)} ${direction}`).join(', ');
  }

  identityOrder(direction: 'ASC' | 'DESC'): string {
    return this.definition.key.map((_, at) => `nb_key_${at + 1} ${direction}`).join(', ');
  }

  /** Compares the row's key with a given key. */
  compare(operator: KeyOperator, key: Key, parameters: Parameters): string {
    return this.compareTo(operator, this.#keyValues(key, parameters));
  }

  /** A row comparison, which can use the key's index. @param expressions one per key column */
  compareTo(operator: KeyOperator, expressions: readonly string[]): string {
    return this.compareKeys(asRow(this.definition.key.map(columnOfRow)), operator, asRow(expressions));
  }

  /** Compares two keys, e.g. of `identityRow` and `rowFromJson`. */
  compareKeys(left: string, operator: KeyOperator, right: string): string {
    return `${left} ${this.facts.operator(operator, this.definition.key)} ${right}`;
  }

  /** Keys greater than `after` and up to `upTo` (inclusive). Null means no bound on that side. */
  between(after: Key | null, upTo: Key | null, parameters: Parameters): string {
    const bounds = [
      ...(after ? [this.compare('>', after, parameters)] : []),
      ...(upTo ? [this.compare('<=', upTo, parameters)] : []),
    ];
    return bounds.length > 0 ? bounds.join(' AND ') : 'true';
  }

  /** The columns `nb_key_1` … of a CTE of one row, as expressions. */
  keyColumnsOf(cte: string): string[] {
    return this.definition.key.map((_, at) => `(SELECT nb_key_${at + 1} FROM ${cte})`);
  }

  /** Select list that converts a key in the ledger's format to the columns `nb_key_1` … */
  keyFromJson(json: string): string {
    return this.definition.key
      .map((column, at) => `(${json}->>${at})::${this.facts.typeOf(column)} AS nb_key_${at + 1}`)
      .join(', ');
  }

  /** A key in the ledger's format, as the right side of a row comparison. */
  rowFromJson(json: string): string {
    return asRow(
      this.definition.key.map((column, at) => `((${json})->>${at})::${this.facts.typeOf(column)}`),
    );
  }

  /** The key from the columns of `identity`, as one side of a row comparison. */
  identityRow(cte: string): string {
    return asRow(this.definition.key.map((_, at) => `${cte}.nb_key_${at + 1}`));
  }

  /**
   * FROM clause that returns one row: the row at an offset among the rows that match a condition, in key
   * order. OFFSET is in a subquery, because PostgreSQL also evaluates the select list for the rows that
   * OFFSET discards.
   */
  fromRowAt(condition: string, offset: string): string {
    return `FROM (SELECT ${ROW}.* FROM ${this.from} WHERE ${condition} ORDER BY ${this.orderBy()} OFFSET ${offset} LIMIT 1) AS ${ROW}`;
  }

  /** Joins the table to a list of keys: `unnest(…) AS nb_wanted (…) JOIN "leads" AS "this_row" ON …`. */
  fromKeys(keys: readonly Key[], parameters: Parameters): string {
    const arrays = this.definition.key.map((_, at) =>
      parameters.addArray(keys.map((key) => key[at] ?? null)),
    );
    const names = this.definition.key.map((_, at) => `nb_wanted_key_${at + 1}`);
    const same = this.definition.key.map(
      (column, at) =>
        `${columnOfRow(column)} ${this.facts.operator('=', [column])} ${names[at]}::${this.facts.typeOf(column)}`,
    );
    return `${rowsFromArrays(arrays)} AS nb_wanted (${names.join(', ')}) JOIN ${this.from} ON ${same.join(' AND ')}`;
  }

  /** Select list of the columns that the application's code reads: `nb_read_1` … */
  readColumns({
    reads,
    asText,
  }: {
    readonly reads: readonly ColumnMetadata[];
    readonly asText: ReadonlySet<ColumnMetadata>;
  }): string {
    return reads
      .map((column, at) => `${columnOfRow(column)}${asText.has(column) ? '::text' : ''} AS nb_read_${at + 1}`)
      .join(', ');
  }

  /** `tenant_id=7, id=42`, for messages. */
  describe(key: Key): string {
    return this.definition.key.map((column, at) => `${column.databaseName}=${key[at]}`).join(', ');
  }

  #keyValues(key: Key, parameters: Parameters): string[] {
    return this.definition.key.map((column, at) =>
      parameters.add(key[at] ?? null, this.facts.typeOf(column)),
    );
  }
}

function asRow(parts: readonly string[]): string {
  return parts.length === 1 ? (parts[0] ?? '') : `(${parts.join(', ')})`;
}
