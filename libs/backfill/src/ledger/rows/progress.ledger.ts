import { nullable, number, text } from '../../postgres/decoders.js';
import { isoTime } from '../../postgres/text-format.js';
import { Parameters } from '../../postgres/parameters.js';
import type { Session } from '../../postgres/session.js';
import type { SubjectContext } from '../ledger.context.js';
import type { TenantScope } from '../range.js';

/** Numbers of rows that a backfill could not change so far. */
export interface RowCounts {
  readonly skipped: number;
  readonly quarantined: number;
}

/** The numbers of rows of one tenant. */
export interface TenantProgress {
  /** Null: the rows without a tenant. */
  readonly tenant: string | null;
  readonly updated: number;
  readonly skipped: number;
  readonly quarantined: number;
  /** Time of the last change, skip or quarantine of one of the tenant's rows, ISO 8601. */
  readonly lastTouchedAt: string;
}

/**
 * Number of updates after which the next batch begins a new row for the tenant. While an old snapshot is open,
 * an update reads every earlier version of its row.
 */
const MAX_UPDATES_OF_ROW = 32;

/** The numbers of rows of one backfill, in total and for each tenant. */
export class ProgressLedger {
  readonly #context: SubjectContext;

  constructor(context: SubjectContext) {
    this.#context = context;
  }

  /**
   * An INSERT that adds the changed rows of a batch to the progress of their tenants. The CTE `nb_changed`
   * has one row for each changed row, with the column `nb_tenant`.
   */
  add(parameters: Parameters): string {
    const subject = this.#context.parameters(parameters);
    const { name, version, target } = subject;
    const { schema } = this.#context;
    // The order of the tenants prevents a deadlock of two batches.
    return `INSERT INTO ${schema}.tenant_progress AS nb_progress (name, version, target, tenant, chain, updated)
      SELECT ${name}, ${version}, ${target}, nb_added.nb_tenant,
        coalesce(nb_newest.chain + (nb_newest.revision >= ${MAX_UPDATES_OF_ROW})::int, 0), nb_added.rows
      FROM (SELECT nb_tenant, pg_catalog.count(*) AS rows FROM nb_changed GROUP BY nb_tenant) AS nb_added
      LEFT JOIN LATERAL (
        SELECT p.chain, p.revision FROM ${schema}.tenant_progress AS p
        WHERE ${this.#context.isSubjectAt(subject, 'p')} AND (p.tenant IS NULL) = (nb_added.nb_tenant IS NULL)
          AND coalesce(p.tenant, '') = coalesce(nb_added.nb_tenant, '') ORDER BY p.chain DESC LIMIT 1
      ) AS nb_newest ON true
      ORDER BY nb_added.nb_tenant
      ON CONFLICT (name, version, target, (tenant IS NULL), (coalesce(tenant, '')), chain) DO UPDATE
      SET updated = nb_progress.updated + excluded.updated, revision = nb_progress.revision + 1,
        last_touched_at = pg_catalog.clock_timestamp()`;
  }

  async counts(session: Session, tenants: TenantScope): Promise<RowCounts> {
    const count = (rows: string, table: string, scope: string) =>
      `(SELECT pg_catalog.count(${rows}) FROM ${this.#context.schema}.${table}
        WHERE ${this.#context.is()} AND (${scope} IS NULL OR tenant = ANY(${scope})))::text`;
    const parameters = new Parameters(this.#context.values);
    const scope = parameters.addArray(tenants);
    const { last } = await session.send([
      {
        // Several ranges may have skipped the same row. In quarantine, a row is once.
        text: `SELECT ${count('DISTINCT key', 'skipped_row', scope)}, ${count('*', 'quarantined_row', scope)}`,
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
        text: `SELECT tenant, pg_catalog.sum(updated)::text, pg_catalog.sum(skipped)::text, pg_catalog.sum(quarantined)::text, ${isoTime('pg_catalog.max(touched_at)')}
          FROM (
            SELECT tenant, updated, 0 AS skipped, 0 AS quarantined, last_touched_at AS touched_at
              FROM ${schema}.tenant_progress WHERE ${this.#context.is()}
            UNION ALL SELECT pg_catalog.max(tenant), 0, 1, 0, pg_catalog.max(skipped_at) FROM ${schema}.skipped_row WHERE ${this.#context.is()} GROUP BY key
            UNION ALL SELECT tenant, 0, 0, 1, last_tried_at FROM ${schema}.quarantined_row WHERE ${this.#context.is()}
          ) AS touched
          WHERE ${scope} IS NULL OR tenant = ANY(${scope})
          GROUP BY tenant ORDER BY pg_catalog.sum(updated) DESC, tenant`,
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
