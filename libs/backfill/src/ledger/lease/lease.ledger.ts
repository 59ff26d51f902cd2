import { number, oneOf, text } from '../../postgres/decoders.js';
import { Parameters } from '../../postgres/parameters.js';
import type { Statement } from '../../postgres/pipeline.js';
import type { Session } from '../../postgres/session.js';
import type { StatementResult } from '../../postgres/statement-result.js';
import type { SubjectContext } from '../ledger.context.js';
import { nameOfTable, tableFile } from '../pages/table-file.js';
import {
  keyFromJson,
  type ForeignLease,
  type LeasedRange,
  type LeaseScope,
  type TenantScope,
} from '../range.js';
import { assertLease, fence, IS_FREE, isRange, isScope, isUnfinished, leaseInterval } from './lease.sql.js';

/** The maximum number of leased ranges. */
export interface LeaseLimit {
  /** The maximum number of workers in all processes together. */
  readonly maxWorkers: number;
  /** The scope whose leases count as workers. */
  readonly leaseScope: LeaseScope;
}

/** The leases on the ranges of one backfill. */
export class LeaseLedger {
  readonly #context: SubjectContext;

  constructor(context: SubjectContext) {
    this.#context = context;
  }

  /**
   * Leases a free range and raises its fencing token, so that a former holder cannot commit.
   *
   * @returns null if no range is free, or if the maximum number of workers is reached
   */
  async lease(
    session: Session,
    tenants: TenantScope,
    { maxWorkers, leaseScope, except = [] }: LeaseLimit & { readonly except?: readonly string[] },
  ): Promise<LeasedRange | null> {
    const { schema } = this.#context;
    const parameters = new Parameters();
    const wanted = isUnfinished(this.#context, parameters, tenants);
    const counted = isUnfinished(this.#context, parameters, leaseScope);
    const { last } = await session.transaction([
      // Processes take ranges one after the other, so that together they do not exceed the limit.
      this.#context.lockRecord(),
      {
        text: `WITH free AS (
            SELECT id FROM ${schema}.range
            WHERE ${wanted} AND ${IS_FREE} AND id <> ALL(${parameters.addArray(except)}::bigint[])
              AND ${parameters.add(maxWorkers, 'int')} > (SELECT pg_catalog.count(*) FROM ${schema}.range WHERE ${counted} AND NOT ${IS_FREE})
            ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
          ) ${this.#takeLease(parameters, 'free')}`,
        values: parameters.values,
      },
    ]);
    return toRange(last);
  }

  /**
   * Leases this run's own range again after a lost connection, so that the lost connection can no longer
   * commit. The range belongs to this run if it has the same token. It also belongs to this run if it has the
   * same owner: an earlier attempt has raised the token, but its reply was lost.
   *
   * @returns null if another process holds the range
   */
  async leaseAgain(session: Session, range: LeasedRange): Promise<LeasedRange | null> {
    const { schema, owner } = this.#context;
    const parameters = new Parameters();
    const { last } = await session.transaction([
      {
        text: `WITH own AS (
            SELECT id FROM ${schema}.range
            WHERE ${isRange(this.#context, parameters, range)} AND (fencing_token = ${parameters.add(range.token, 'bigint')}
              OR lease_owner = ${parameters.add(owner, 'text')}) FOR UPDATE
          ) ${this.#takeLease(parameters, 'own')}`,
        values: parameters.values,
      },
    ]);
    return toRange(last);
  }

  /**
   * Releases this run's range if more ranges are leased than the limit. The lock on the record makes the
   * processes do this one after the other, so that they release only the surplus, even if their snapshots are
   * outdated.
   *
   * @returns whether the range is released
   */
  async releaseSurplus(
    session: Session,
    range: LeasedRange,
    { maxWorkers, leaseScope }: LeaseLimit,
  ): Promise<boolean> {
    const { schema } = this.#context;
    const parameters = new Parameters();
    const counted = isUnfinished(this.#context, parameters, leaseScope);
    const { last } = await session.transaction([
      this.#context.lockRecord(),
      {
        // Same token but no owner: an earlier attempt has released the range, but its reply was lost.
        text: `UPDATE ${schema}.range SET lease_owner = NULL, lease_expires_at = NULL
          WHERE ${fence(this.#context, parameters, range)} AND (lease_owner IS NULL
            OR ${parameters.add(maxWorkers, 'int')} < (SELECT pg_catalog.count(*) FROM ${schema}.range WHERE ${counted} AND NOT ${IS_FREE}))
          RETURNING id::text`,
        values: parameters.values,
      },
    ]);
    return last.rows.length > 0;
  }

  /** Ends the leases of a process that is known to be dead. */
  async expire(session: Session, owner: string): Promise<void> {
    const { schema, values } = this.#context;
    await session.transaction([
      {
        text: `UPDATE ${schema}.range SET lease_owner = NULL, lease_expires_at = NULL, fencing_token = fencing_token + 1
               WHERE ${this.#context.is()} AND lease_owner = $4 AND state <> 'done'`,
        values: [...values, owner],
      },
    ]);
  }

  /** The leases on the unfinished ranges of a scope, including expired leases and those of this run. */
  async foreignLeases(session: Session, leaseScope: LeaseScope): Promise<ForeignLease[]> {
    const parameters = new Parameters();
    const { last } = await session.send([
      {
        text: `SELECT lease_owner, greatest(0, extract(epoch FROM lease_expires_at - pg_catalog.clock_timestamp())::float8 * 1000::float8)::text,
                 lease_expires_at::text || '/' || fencing_token::text
          FROM ${this.#context.schema}.range
          WHERE ${isUnfinished(this.#context, parameters, leaseScope)} AND lease_owner IS NOT NULL
          ORDER BY id`,
        values: parameters.values,
      },
    ]);
    return last.all({ owner: text, expiresInMs: number, renewal: text });
  }

  /**
   * An SQL query that returns a `LeaseSnapshot` as one JSON value.
   *
   * @param tenants the scope whose free ranges are listed
   * @param leaseScope the scope whose leases are listed
   */
  snapshot(parameters: Parameters, tenants: TenantScope, leaseScope: LeaseScope): string {
    const isInScope = isScope('tenants', parameters.addArray(tenants));
    return `SELECT pg_catalog.json_build_object(
        'leases', coalesce(pg_catalog.json_agg(id::text || '/' || fencing_token::text ORDER BY id) FILTER (WHERE NOT ${IS_FREE}), '[]'),
        'free', coalesce(pg_catalog.json_agg(id::text ORDER BY id) FILTER (WHERE ${IS_FREE} AND ${isInScope}), '[]'))
      FROM ${this.#context.schema}.range WHERE ${isUnfinished(this.#context, parameters, leaseScope)}`;
  }

  /** See `assertLease`. */
  assert(cte: string): string {
    return assertLease(this.#context, cte);
  }

  /** A statement that renews the lease. It returns a row while this process holds the lease. */
  heartbeat(range: LeasedRange): Statement {
    const { schema, owner } = this.#context;
    const parameters = new Parameters();
    return {
      text: `UPDATE ${schema}.range SET lease_expires_at = pg_catalog.clock_timestamp() + ${leaseInterval(this.#context, parameters)}
             WHERE ${fence(this.#context, parameters, range)} AND lease_owner = ${parameters.add(owner, 'text')} RETURNING id::text`,
      values: parameters.values,
    };
  }

  /** Releases a range that is not done. */
  release(session: Session, range: LeasedRange): Promise<void> {
    return this.#end(session, range, '');
  }

  /** Releases a range and sets its state to `done`. */
  finish(session: Session, range: LeasedRange): Promise<void> {
    return this.#end(session, range, ", state = 'done', finished_at = pg_catalog.clock_timestamp()");
  }

  async #end(session: Session, range: LeasedRange, assignments: string): Promise<void> {
    const parameters = new Parameters();
    await session.transaction([
      {
        text: `UPDATE ${this.#context.schema}.range
               SET lease_owner = NULL, lease_expires_at = NULL${assignments}
               WHERE ${fence(this.#context, parameters, range)}`,
        values: parameters.values,
      },
    ]);
  }

  #takeLease(parameters: Parameters, from: string): string {
    return `UPDATE ${this.#context.schema}.range AS r
      SET lease_owner = ${parameters.add(this.#context.owner, 'text')}, fencing_token = fencing_token + 1,
        lease_expires_at = pg_catalog.clock_timestamp() + ${leaseInterval(this.#context, parameters)},
        table_name = coalesce((${nameOfTable('r.table_id')}), r.table_name)
      FROM ${from} WHERE r.id = ${from}.id
      RETURNING r.id::text, r.purpose, r.state, r.fencing_token::text, pg_catalog.to_jsonb(r.tenants)::text, r.lower_key::text,
        r.upper_key::text, r.cursor_key::text, r.window_lower_key::text, r.window_upper_key::text,
        CASE WHEN r.file_node IS NOT NULL THEN
          pg_catalog.json_build_object('table', r.table_name, 'tableId', r.table_id::text, 'fileNode', r.file_node::text) END::text, r.updated::text`;
  }
}

function toRange(result: StatementResult): LeasedRange | null {
  const range = result.first({
    id: text,
    purpose: oneOf<LeasedRange['purpose']>(),
    state: oneOf<LeasedRange['state']>(),
    token: text,
    tenants: keyFromJson,
    lower: keyFromJson,
    upper: keyFromJson,
    cursor: keyFromJson,
    windowLower: keyFromJson,
    windowUpper: keyFromJson,
    file: tableFile,
    updated: number,
  });
  return range ?? null;
}
