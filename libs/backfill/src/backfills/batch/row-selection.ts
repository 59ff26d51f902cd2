import type { BackfillLedger } from '../../ledger/backfill.ledger.js';
import type { SelectedFile, TableFile } from '../../ledger/pages/table-file.js';
import type { Key, TenantScope } from '../../ledger/range.js';
import { Parameters } from '../../postgres/parameters.js';
import { columnOfRow } from '../definition/columns.js';
import type { BackfillDefinition } from '../definition/definition.js';
import { KeyedTable } from './keyed-table.js';
import type { TableFacts } from './table.inspector.js';
import { isComparedAsValue, tenantCondition } from './tenant-condition.js';

export interface PendingOptions {
  /** Leave out the rows in quarantine. @default false */
  readonly excludeQuarantined?: boolean;
  /**
   * `opaque` writes the predicate as `(…) IS TRUE`, so that the planner cannot use an index on its columns.
   * If nearly all rows are pending, the key's index is faster. @default 'plain'
   */
  readonly predicate?: 'plain' | 'opaque';
}

/**
 * SQL conditions that select the rows of one run: they are pending, belong to the run's tenants, and are not
 * in quarantine.
 */
export class RowSelection extends KeyedTable {
  readonly ledger: BackfillLedger;
  readonly tenants: TenantScope;
  /** The file whose pages a sweep reads; null if the sweep reads keys. */
  readonly file: SelectedFile | null = null;

  constructor(
    definition: BackfillDefinition,
    ledger: BackfillLedger,
    facts: TableFacts,
    tenants: TenantScope,
  ) {
    super(definition, facts);
    this.ledger = ledger;
    this.tenants = tenants;
  }

  /**
   * Parameters for a new statement. The predicate's parameters come first, because its SQL already contains
   * `$1` …
   */
  parameters(): Parameters {
    return new Parameters(this.definition.pending.parameters);
  }

  /** The row is pending for this run. */
  isPending(
    parameters: Parameters,
    { excludeQuarantined = false, predicate = 'plain' }: PendingOptions = {},
  ): string {
    const { sql } = this.definition.pending;
    const conditions = [predicate === 'plain' ? sql : `(${sql}) IS TRUE`];
    conditions.push(...this.#tenantConditions(parameters));
    if (excludeQuarantined) {
      conditions.push(this.ledger.quarantine.excludes(parameters, this.keyJson));
    }
    return conditions.join(' AND ');
  }

  /** The row belongs to one of this run's tenants, pending or not. */
  isOfTenants(parameters: Parameters): string {
    return this.#tenantConditions(parameters)[0] ?? 'true';
  }

  /**
   * The row is in the window between two keys. In a run for one tenant, the window contains only the keys of
   * that tenant, if an index returns them in order. Otherwise the sweep of each tenant would read the keys of
   * all tenants.
   */
  isInWindow(after: Key | null, upTo: Key | null, parameters: Parameters): string {
    const { tenants, facts } = this;
    const { tenant } = this.definition;
    const isByTenant =
      facts.isTenantIndexed &&
      tenants?.length === 1 &&
      tenant &&
      isComparedAsValue(facts.typeOf(tenant), tenants);
    const between = this.between(after, upTo, parameters);
    return isByTenant ? [between, ...this.#tenantConditions(parameters)].join(' AND ') : between;
  }

  #tenantConditions(parameters: Parameters): string[] {
    const { tenant } = this.definition;
    if (this.tenants === null || !tenant) return [];
    const column = { column: columnOfRow(tenant), type: this.facts.typeOf(tenant), text: this.tenantText };
    return [tenantCondition(column, this.tenants, parameters)];
  }
}

/** The rows of one run in one table or partition, for a sweep of its pages. */
export class FileSelection extends RowSelection {
  override readonly file: SelectedFile;

  /** @param root the table that the file must be a part of when a batch changes it */
  constructor(
    { definition, ledger, facts, tenants }: RowSelection,
    file: TableFile,
    root: string = definition.table,
  ) {
    super({ ...definition, table: file.table }, ledger, { ...facts, hasChildTables: false }, tenants);
    this.file = { ...file, root };
  }
}
