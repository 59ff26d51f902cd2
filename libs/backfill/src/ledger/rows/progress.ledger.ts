import { nullable, number, text } from '../../postgres/decoders.js';
import { isoTime } from '../../postgres/text-format.js';
import { Parameters } from '../../postgres/parameters.js';
import type { Session } from '../../postgres/session.js';
import type { SubjectContext } from '../ledger.context.js';
import type { TenantScope } from '../range.js';

/** Rows that a backfill has not changed. */
export interface RowCounts {
  readonly skipped: number;
  readonly quarantined: number;
}

/** What a backfill has done for one tenant. */
export interface TenantProgress {
  /** Null for rows without a tenant. */
  readonly tenant: string | null;
  readonly updated: number;
  readonly skipped: number;
  readonly quarantined: number;
  /** ISO 8601. */
  readonly lastTouchedAt: string;
}

/** The row counts of one backfill, also by tenant. */
export class ProgressLedger {
  readonly #context: SubjectContext;

  constructor(context: SubjectContext) {
    this.#context = context;
  }

  /**
   * An INSERT of the CTE `nb_changed`, which has the column `nb_tenant` for each row that a batch has
   * changed.
   */
  add(parameters: Parameters): string {
    const { name, version } = this.#context.parameters(parameters);
    return `INSERT INTO ${this.#context.schema}.tenant_progress AS nb_progress (name, version, tenant, updated)
      SELECT ${name}, ${version}, nb_tenant, count(*)
      FROM nb_changed GROUP BY nb_tenant ORDER BY nb_tenant
      ON CONFLICT (name, version, (tenant IS NULL), (coalesce(tenant, ''))) DO UPDATE
      SET updated = nb_progress.updated + excluded.updated, last_touched_at = clock_timestamp()`;
  }

  async counts(session: Session, tenants: TenantScope): Promise<RowCounts> {
    const count = (table: string, scope: string) =>
      `(SELECT count(DISTINCT key) FROM ${this.#context.schema}.${table}
        WHERE name = $1 AND version = $2::int AND (${scope} IS NULL OR tenant = ANY(${scope})))::text`;
    const parameters = new Parameters(this.#context.values);
    const scope = parameters.addArray(tenants);
    const { last } = await session.send([
      {
        text: `SELECT ${count('skipped_row', scope)}, ${count('quarantined_row', scope)}`,
        values: parameters.values,
      },
    ]);
    return last.one({ skipped: number, quarantined: number });
  }

  async tenants(session: Session, tenants: TenantScope): Promise<TenantProgress[]> {
    const { schema, values } = this.#context;
    const parameters = new Parameters(values);
    const scope = parameters.addArray(tenants);
    const { last } = await session.send([
      {
        text: `SELECT tenant, sum(updated)::text, sum(skipped)::text, sum(quarantined)::text, ${isoTime('max(touched_at)')}
          FROM (
            SELECT tenant, updated, 0 AS skipped, 0 AS quarantined, last_touched_at AS touched_at
              FROM ${schema}.tenant_progress WHERE name = $1 AND version = $2::int
            UNION ALL SELECT max(tenant), 0, 1, 0, max(skipped_at) FROM ${schema}.skipped_row WHERE name = $1 AND version = $2::int GROUP BY key
            UNION ALL SELECT tenant, 0, 0, 1, last_tried_at FROM ${schema}.quarantined_row WHERE name = $1 AND version = $2::int
          ) AS touched
          WHERE ${scope} IS NULL OR tenant = ANY(${scope})
          GROUP BY tenant ORDER BY sum(updated) DESC, tenant`,
        values: parameters.values,
      },
    ]);
    return last.all({
      tenant: nullable(text),
      updated: number,
      skipped: number,
      quarantined: number,
      lastTouchedAt: text,
    });
  }
}
