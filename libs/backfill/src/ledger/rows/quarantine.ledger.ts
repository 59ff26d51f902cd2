import { number, text } from '../../postgres/decoders.js';
import { Parameters } from '../../postgres/parameters.js';
import type { Statement } from '../../postgres/pipeline.js';
import type { Session } from '../../postgres/session.js';
import type { SubjectContext } from '../ledger.context.js';
import { requiredKey, keyToJson, type Key, type TenantScope } from '../range.js';

/** A row that cannot be changed. */
export interface QuarantineEntry {
  readonly key: Key;
  readonly tenant: string | null;
  readonly error: string;
  /** The SQLSTATE of the error; null if it is not an error of the database. */
  readonly code: string | null;
}

/** The rows of one backfill that cannot be changed. */
export class QuarantineLedger {
  readonly #context: SubjectContext;

  constructor(context: SubjectContext) {
    this.#context = context;
  }

  /**
   * A statement that puts a row in quarantine and removes it from the skipped rows. It returns whether the row
   * is new in quarantine.
   */
  add(entry: QuarantineEntry): Statement {
    const { schema } = this.#context;
    const parameters = new Parameters();
    const subject = this.#context.parameters(parameters);
    const { name, version, target } = subject;
    const key = parameters.add(keyToJson(entry.key), 'jsonb');
    const tenant = parameters.add(entry.tenant, 'text');
    const error = parameters.add(entry.error, 'text');
    return {
      text: `WITH released AS (
          DELETE FROM ${schema}.skipped_row WHERE ${this.#context.isSubjectAt(subject)} AND key = ${key}
        ), quarantined AS (
          INSERT INTO ${schema}.quarantined_row AS q (name, version, target, key, tenant, error, error_code)
          VALUES (${name}, ${version}, ${target}, ${key}, ${tenant}, ${error}, ${parameters.add(entry.code, 'text')})
          ON CONFLICT (name, version, target, key) DO UPDATE SET attempts = q.attempts + 1, error = excluded.error,
            error_code = excluded.error_code, last_tried_at = pg_catalog.clock_timestamp()
          RETURNING attempts = 1 AS is_new
        ), recorded AS (
          INSERT INTO ${schema}.event (type, name, version, target, reason, actor, key, tenant)
          SELECT 'quarantined', ${name}, ${version}, ${target}, ${error}, ${parameters.add(this.#context.owner, 'text')}, ${key}, ${tenant}
          FROM quarantined WHERE is_new
        )
        SELECT is_new FROM quarantined`,
      values: parameters.values,
    };
  }

  /** A DELETE of the rows whose keys are in the column `key` of the CTE. */
  remove(parameters: Parameters, cte: string): string {
    return `DELETE FROM ${this.#context.schema}.quarantined_row AS q USING ${cte}
      WHERE ${this.#context.isSubject(parameters, 'q')} AND q.key = ${cte}.key`;
  }

  /**
   * The SQL condition that a row is not in quarantine.
   *
   * @param key an SQL expression of the row's key as JSON
   */
  excludes(parameters: Parameters, key: string): string {
    return `NOT EXISTS (SELECT FROM ${this.#context.schema}.quarantined_row AS nb_quarantined
        WHERE ${this.#context.isSubject(parameters, 'nb_quarantined')} AND nb_quarantined.key = ${key})`;
  }

  /** The keys in quarantine after `after`, in the order of their JSON. @param after null: from the start */
  async keys(session: Session, tenants: TenantScope, after: Key | null, limit: number): Promise<Key[]> {
    const parameters = new Parameters([...this.#context.values, keyToJson(after), String(limit)]);
    const scope = parameters.addArray(tenants);
    const { last } = await session.send([
      {
        text: `SELECT key::text FROM ${this.#context.schema}.quarantined_row
               WHERE ${this.#context.is()} AND ($4::jsonb IS NULL OR key > $4::jsonb)
                 AND (${scope} IS NULL OR tenant = ANY(${scope})) ORDER BY key LIMIT $5::int`,
        values: parameters.values,
      },
    ]);
    return last.values(requiredKey);
  }

  /** The errors of the rows in quarantine, in descending order of their number of rows. */
  async commonErrors(
    session: Session,
    limit: number,
  ): Promise<{ readonly error: string; readonly rows: number }[]> {
    const { last } = await session.send([
      {
        text: `SELECT error, pg_catalog.count(*)::text FROM ${this.#context.schema}.quarantined_row
               WHERE ${this.#context.is()} GROUP BY error ORDER BY pg_catalog.count(*) DESC, error LIMIT $4::int`,
        values: [...this.#context.values, String(limit)],
      },
    ]);
    return last.all({ error: text, rows: number });
  }

  /** The rows that have been in quarantine for the longest time. */
  async first(
    session: Session,
    limit: number,
  ): Promise<{ readonly key: Key; readonly error: string; readonly attempts: number }[]> {
    const { last } = await session.send([
      {
        text: `SELECT key::text, error, attempts::text FROM ${this.#context.schema}.quarantined_row
               WHERE ${this.#context.is()} ORDER BY first_tried_at, key LIMIT $4::int`,
        values: [...this.#context.values, String(limit)],
      },
    ]);
    return last.all({ key: requiredKey, error: text, attempts: number });
  }
}
