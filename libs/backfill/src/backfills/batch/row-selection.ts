import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import type { Ledger } from '../../ledger/ledger.js';
import type { Key, TenantScope } from '../../ledger/range.js';
import { quoteIdentifier } from '../../postgres/identifiers.js';
import { Parameters } from '../../postgres/parameters.js';
import { columnOfRow } from '../definition/columns.js';
import { ROW, type BackfillDefinition } from '../definition/definition.js';
import type { TableFacts } from './table.inspector.js';
import { isComparedAsValue, tenantCondition } from './tenant-condition.js';

/** How rows are held: `FOR NO KEY UPDATE` does not block the foreign-key checks of other tables. */
export type RowLock = 'FOR NO KEY UPDATE' | 'FOR UPDATE';

/** Comparisons of keys. */
export type KeyOperator = '>' | '<' | '<=' | '=';

/**
 * The parts of SQL that pick rows of one backfill, whatever is then done with them. Names that it brings into a query begin
 * with `nb_`, so that they do not clash with the columns that the user's SQL names.
 */
export class RowSelection {
  readonly definition: BackfillDefinition;
  readonly ledger: Ledger;
  readonly facts: TableFacts;
  readonly tenants: TenantScope;

  constructor(definition: BackfillDefinition, ledger: Ledger, facts: TableFacts, tenants: TenantScope) {
    this.definition = { ...definition, key: facts.key };
    this.ledger = ledger;
    this.facts = facts;
    this.tenants = tenants;
  }

  /** The predicate's parameters come first in every statement. */
  parameters(): Parameters {
    return new Parameters(this.definition.pending.parameters);
  }

  /** `FROM "leads" AS "this_row"` */
  get from(): string {
    return `${this.definition.table} AS ${ROW}`;
  }

  /** What identifies the version of the row that a statement saw, and what is known of it. */
  get identity(): string {
    return [
      `${ROW}.ctid AS nb_row_id`,
      `${ROW}.tableoid AS nb_table_id`,
      ...this.definition.key.map((column, at) => `${columnOfRow(column)} AS nb_key_${at + 1}`),
      `${this.tenantText} AS nb_tenant`,
    ].join(', ');
  }

  /** Its key and its tenant alone, where the row itself comes out of a subquery. */
  get keyAndTenant(): string {
    const key = this.definition.key.map((column, at) => `${columnOfRow(column)} AS nb_key_${at + 1}`);
    return [...key, `${this.tenantText} AS nb_tenant`].join(', ');
  }

  /**
   * `FROM` the one row that is so many rows further on among those of a condition, in the key's order. A subquery, since what is
   * selected would else be computed for each row that is passed over.
   */
  fromRowAt(condition: string, offset: string): string {
    return `FROM (SELECT ${ROW}.* FROM ${this.from} WHERE ${condition} ORDER BY ${this.orderBy()} OFFSET ${offset} LIMIT 1) AS ${ROW}`;
  }

  /** The condition that joins the row to `identity` of the CTE by its address: no index is needed for it. */
  sameVersion(cte: string): string {
    const sameTable = this.facts.partitioned ? ` AND ${ROW}.tableoid = ${cte}.nb_table_id` : '';
    return `${ROW}.ctid = ${cte}.nb_row_id${sameTable}`;
  }

  get tenantText(): string {
    return this.definition.tenant ? `${columnOfRow(this.definition.tenant)}::text` : 'NULL::text';
  }

  /** The key as the ledger keeps it. */
  get keyJson(): string {
    return `jsonb_build_array(${this.keyTexts.join(', ')})`;
  }

  /** The parts of the key, each as text. */
  get keyTexts(): readonly string[] {
    return this.definition.key.map((column) => `${columnOfRow(column)}::text`);
  }

  /** The key in the columns of `identity`, as the ledger keeps it. */
  get identityJson(): string {
    return `jsonb_build_array(${this.definition.key.map((_, at) => `nb_key_${at + 1}::text`).join(', ')})`;
  }

  orderBy(direction: 'ASC' | 'DESC' = 'ASC'): string {
    return this.definition.key.map((column) => `${columnOfRow(column)} ${direction}`).join(', ');
  }

  identityOrder(direction: 'ASC' | 'DESC'): string {
    return this.definition.key.map((_, at) => `nb_key_${at + 1} ${direction}`).join(', ');
  }

  /** The row's key against a given one. */
  compare(operator: KeyOperator, key: Key, parameters: Parameters): string {
    return this.compareTo(operator, this.#keyValues(key, parameters));
  }

  /** The row's key against one SQL expression a column: a row comparison, which the primary key's index serves as it stands. */
  compareTo(operator: KeyOperator, expressions: readonly string[]): string {
    const columns = this.definition.key.map(columnOfRow);
    return columns.length === 1
      ? `${columns[0]} ${operator} ${expressions[0]}`
      : `(${columns.join(', ')}) ${operator} (${expressions.join(', ')})`;
  }

  /** The columns `nb_key_1` … of a CTE that has one row, as expressions. */
  keyOf(cte: string): string[] {
    return this.definition.key.map((_, at) => `(SELECT nb_key_${at + 1} FROM ${cte})`);
  }

  /** The columns `nb_key_1` … out of a key as the ledger keeps it. */
  keyFromJson(json: string): string {
    return this.definition.key
      .map((column, at) => `(${json}->>${at})::${this.facts.typeOf(column)} AS nb_key_${at + 1}`)
      .join(', ');
  }

  /** A key as the ledger keeps it, as a row to compare with. */
  rowFromJson(json: string): string {
    const parts = this.definition.key.map(
      (column, at) => `((${json})->>${at})::${this.facts.typeOf(column)}`,
    );
    return parts.length === 1 ? (parts[0] ?? '') : `(${parts.join(', ')})`;
  }

  /** The key in the columns of `identity`, as a row to compare with. */
  identityRow(cte: string): string {
    const parts = this.definition.key.map((_, at) => `${cte}.nb_key_${at + 1}`);
    return parts.length === 1 ? (parts[0] ?? '') : `(${parts.join(', ')})`;
  }

  #keyValues(key: Key, parameters: Parameters): string[] {
    return this.definition.key.map((column, at) =>
      parameters.add(key[at] ?? null, this.facts.typeOf(column)),
    );
  }

  /**
   * Whether the row is still to be done by this run: pending, of its tenants, and not in quarantine.
   *
   * @param isPlain false keeps an index on what the predicate names from tempting the planner, where nearly all rows are pending
   */
  isDue(parameters: Parameters, excludeQuarantined: boolean, isPlain = true): string {
    const { sql } = this.definition.pending;
    const conditions = [isPlain ? sql : `(${sql}) IS TRUE`];
    conditions.push(...this.#ofTenants(parameters));
    if (excludeQuarantined) {
      conditions.push(`NOT EXISTS (SELECT FROM ${this.ledger.schema}.quarantined_row AS nb_quarantined
        WHERE nb_quarantined.name = ${parameters.add(this.definition.name, 'text')}
          AND nb_quarantined.version = ${parameters.add(this.definition.version, 'int')}
          AND nb_quarantined.key = ${this.keyJson})`);
    }
    return conditions.join(' AND ');
  }

  /** Whether the row is of this run's tenants, pending or not. */
  isOfTenants(parameters: Parameters): string {
    return this.#ofTenants(parameters)[0] ?? 'true';
  }

  #ofTenants(parameters: Parameters): string[] {
    const { tenant } = this.definition;
    if (this.tenants === null || !tenant) return [];
    return [tenantCondition(columnOfRow(tenant), this.facts.typeOf(tenant), this.tenants, parameters)];
  }

  /**
   * The keys that a window is measured in: those of the table, or of the one tenant alone where an index tells which these are. Else
   * each tenant's sweep would go through the keys of all.
   */
  windowed(after: Key | null, upTo: Key | null, parameters: Parameters): string {
    const { tenants, facts } = this;
    const { tenant } = this.definition;
    const byTenant =
      facts.tenantIsIndexed &&
      tenants?.length === 1 &&
      tenant &&
      isComparedAsValue(facts.typeOf(tenant), tenants);
    const between = this.between(after, upTo, parameters);
    return byTenant ? [between, ...this.#ofTenants(parameters)].join(' AND ') : between;
  }

  /** Keys above `after`, up to `upTo`. */
  between(after: Key | null, upTo: Key | null, parameters: Parameters): string {
    const bounds = [
      ...(after ? [this.compare('>', after, parameters)] : []),
      ...(upTo ? [this.compare('<=', upTo, parameters)] : []),
    ];
    return bounds.length > 0 ? bounds.join(' AND ') : 'true';
  }

  /** Joins the row to a list of keys: `FROM nb_wanted JOIN "leads" AS "this_row" ON …`. */
  fromKeys(keys: readonly Key[], parameters: Parameters): string {
    const arrays = this.definition.key.map((_, at) =>
      parameters.addArray(keys.map((key) => key[at] ?? null)),
    );
    const names = this.definition.key.map((_, at) => `nb_wanted_key_${at + 1}`);
    const same = this.definition.key.map(
      (column, at) => `${columnOfRow(column)} = ${names[at]}::${this.facts.typeOf(column)}`,
    );
    return `unnest(${arrays.join(', ')}) AS nb_wanted (${names.join(', ')}) JOIN ${this.from} ON ${same.join(' AND ')}`;
  }

  /** Columns for code to read, as `nb_read_1` … */
  reading(columns: readonly ColumnMetadata[]): string {
    return columns.map((column, at) => `${columnOfRow(column)} AS nb_read_${at + 1}`).join(', ');
  }

  /** A key's readable form, for messages. */
  describe(key: Key): string {
    return this.definition.key.map((column, at) => `${column.databaseName}=${key[at]}`).join(', ');
  }

  static quote(column: ColumnMetadata): string {
    return quoteIdentifier(column.databaseName);
  }
}
