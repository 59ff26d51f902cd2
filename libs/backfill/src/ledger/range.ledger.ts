import { boolean } from '../postgres/decoders.js';
import { Parameters } from '../postgres/parameters.js';
import type { Statement } from '../postgres/pipeline.js';
import type { Session } from '../postgres/session.js';
import type { SubjectContext } from './ledger.context.js';
import { assertLease, fence, renewal } from './lease/lease.sql.js';
import { keyToJson, type Key, type LeasedRange, type TenantScope } from './range.js';

/** The ranges of one backfill. */
export class RangeLedger {
  readonly #context: SubjectContext;

  constructor(context: SubjectContext) {
    this.#context = context;
  }

  /**
   * Plans a sweep, unless the scope has an unfinished range. If several processes plan at once, only one of them does.
   *
   * @param bounds of the ranges, in order: each range reaches from above one bound up to the next
   */
  async planSweep(session: Session, tenants: TenantScope, bounds: readonly (Key | null)[]): Promise<void> {
    const { schema } = this.#context;
    const parameters = new Parameters();
    const { name, version } = this.#context.parameters(parameters);
    const scope = parameters.addArray(tenants);
    const list = parameters.add(JSON.stringify(bounds), 'jsonb');
    await session.transaction([
      this.#context.lockRecord(),
      {
        text: `INSERT INTO ${schema}.range (name, version, tenants, purpose, state, lower_key, upper_key, cursor_key, window_lower_key)
          SELECT ${name}, ${version}, ${scope}, 'sweep', 'sweeping', low, high, low, low
          FROM (SELECT nullif(${list}->(at - 1), 'null') AS low, ${list}->at AS high
            FROM generate_series(1, ${parameters.add(bounds.length - 1, 'int')}) AS at ORDER BY at) AS bounds
          WHERE NOT EXISTS (SELECT FROM ${schema}.range
            WHERE name = ${name} AND version = ${version} AND state <> 'done' AND tenants IS NOT DISTINCT FROM ${scope})`,
        values: parameters.values,
      },
    ]);
  }

  /** Plans another try for the rows in quarantine: a range that has only its settling pass left. */
  async planRetry(session: Session, tenants: TenantScope): Promise<void> {
    const { schema } = this.#context;
    const parameters = new Parameters();
    const { name, version } = this.#context.parameters(parameters);
    const scope = parameters.addArray(tenants);
    await session.transaction([
      this.#context.lockRecord(),
      {
        text: `WITH due AS (
            SELECT key, tenant FROM ${schema}.quarantined_row AS q
            WHERE q.name = ${name} AND q.version = ${version} AND (${scope} IS NULL OR q.tenant = ANY(${scope}))
              AND NOT EXISTS (SELECT FROM ${schema}.skipped_row AS s JOIN ${schema}.range AS r ON r.id = s.range_id
                WHERE s.name = q.name AND s.version = q.version AND s.key = q.key
                  AND r.state <> 'done' AND r.tenants IS NOT DISTINCT FROM ${scope})
          ), planned AS (
            INSERT INTO ${schema}.range (name, version, tenants, purpose, state)
            SELECT ${name}, ${version}, ${scope}, 'retry', 'settling' WHERE EXISTS (SELECT FROM due) RETURNING id
          )
          INSERT INTO ${schema}.skipped_row (name, version, key, range_id, tenant)
          SELECT ${name}, ${version}, due.key, planned.id, due.tenant FROM due, planned`,
        values: parameters.values,
      },
    ]);
  }

  /**
   * After a probe has found no pending row in the scope: finishes what runs of other scopes have left in it. A running process may
   * lose its list of skipped rows by this. That loses no row, since its run ends with a probe too.
   */
  async closeLeftovers(session: Session, tenants: TenantScope): Promise<void> {
    const { schema } = this.#context;
    const parameters = new Parameters();
    const isSubject = this.#context.isSubject(parameters);
    const scope = parameters.addArray(tenants);
    await session.transaction([
      {
        text: `WITH closed AS (
            UPDATE ${schema}.range SET state = 'done', finished_at = clock_timestamp(), lease_owner = NULL, lease_expires_at = NULL,
              fencing_token = fencing_token + 1
            WHERE ${isSubject} AND state <> 'done' AND ${scope} IS NULL AND (lease_owner IS NULL OR lease_expires_at <= clock_timestamp())
          )
          DELETE FROM ${schema}.skipped_row WHERE ${isSubject} AND (${scope} IS NULL OR tenant = ANY(${scope}))`,
        values: parameters.values,
      },
    ]);
  }

  /** Whether the scope has a range that is not done, leased or not. */
  async hasUnfinished(session: Session, tenants: TenantScope): Promise<boolean> {
    const parameters = new Parameters();
    const { last } = await session.send([
      {
        text: `SELECT EXISTS (SELECT FROM ${this.#context.schema}.range
          WHERE ${this.#context.isSubject(parameters)}
            AND tenants IS NOT DISTINCT FROM ${parameters.addArray(tenants)} AND state <> 'done')`,
        values: parameters.values,
      },
    ]);
    return last.value(boolean);
  }

  /** Moves the cursor under the range's lease. @param to null only asserts the lease */
  moveCursor(range: LeasedRange, to: Key | null): Statement {
    const parameters = new Parameters();
    const cursor = parameters.add(keyToJson(to), 'jsonb');
    return {
      text: `WITH moved AS (
          UPDATE ${this.#context.schema}.range SET cursor_key = coalesce(${cursor}, cursor_key), ${renewal(this.#context, parameters)}
          WHERE ${fence(parameters, range)} RETURNING lease_expires_at
        ) SELECT ${assertLease(this.#context, 'moved')}`,
      values: parameters.values,
    };
  }
}
