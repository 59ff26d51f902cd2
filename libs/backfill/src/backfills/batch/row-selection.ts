import type { BackfillLedger } from '../../ledger/backfill.ledger.js';
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
   * `opaque` writes the predicate as `(…) IS TRUE`, which no index on its columns can serve: where nearly all
   * rows are pending, the key's index is the better choice. @default 'plain'
   */
  readonly predicate?: 'plain' | 'opaque';
}

/** The conditions that select the rows of one run: pending, of its tenants, not in quarantine. */
export class RowSelection extends KeyedTable {
  readonly ledger: BackfillLedger;
  readonly tenants: TenantScope;

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
   * Parameters for a new statement. Those of the predicate come first, because its text holds `$1` … already.
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
   * The row is in the window between two keys. In a run for one tenant, the window counts the keys of that
   * tenant only, if an index finds them: otherwise the sweep of each tenant would read the keys of all.
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
    return [tenantCondition(columnOfRow(tenant), this.facts.typeOf(tenant), this.tenants, parameters)];
  }
}
