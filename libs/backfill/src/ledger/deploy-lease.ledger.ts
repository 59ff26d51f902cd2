import { quoteIdentifier } from '../postgres/identifiers.js';
import type { Statement } from '../postgres/pipeline.js';

/** Statements about the lease on a phase of a deployment. */
export class DeployLeaseLedger {
  readonly #table: string;

  constructor(schema: string) {
    this.#table = `${quoteIdentifier(schema)}.deploy_lease`;
  }

  /** One row with the new fencing token when the lease was free or has expired; no row when somebody else holds it. */
  acquire(phase: string, owner: string, described: string, milliseconds: number): Statement {
    return {
      text: `
        INSERT INTO ${this.#table} AS lease (phase, owner, described, fencing_token, acquired_at, expires_at)
        VALUES ($1, $2, $3, 1, clock_timestamp(), clock_timestamp() + $4::float8 * interval '1 millisecond')
        ON CONFLICT (phase) DO UPDATE
          SET owner = excluded.owner, described = excluded.described, fencing_token = lease.fencing_token + 1,
              acquired_at = excluded.acquired_at, expires_at = excluded.expires_at
          WHERE lease.expires_at <= clock_timestamp()
        RETURNING fencing_token::text`,
      values: [phase, owner, described, String(milliseconds)],
    };
  }

  /** Who holds it, and for how many more milliseconds. */
  holder(phase: string): Statement {
    return {
      text: `
        SELECT described, greatest(0, extract(epoch FROM expires_at - clock_timestamp()) * 1000)::text
          FROM ${this.#table} WHERE phase = $1 AND expires_at > clock_timestamp()`,
      values: [phase],
    };
  }

  /** No row when the lease is another's by now. */
  renew(phase: string, token: string, milliseconds: number): Statement {
    return {
      text: `
        UPDATE ${this.#table}
           SET expires_at = clock_timestamp() + $3::float8 * interval '1 millisecond'
         WHERE phase = $1 AND fencing_token = $2::bigint
        RETURNING fencing_token::text`,
      values: [phase, token, String(milliseconds)],
    };
  }

  /**
   * As the last statement before a commit: no row when the lease is another's. The share lock keeps it from being taken over
   * until the commit is through.
   */
  confirm(phase: string, token: string): Statement {
    return {
      text: `SELECT fencing_token::text FROM ${this.#table} WHERE phase = $1 AND fencing_token = $2::bigint FOR SHARE`,
      values: [phase, token],
    };
  }

  release(phase: string, token: string): Statement {
    return {
      text: `UPDATE ${this.#table} SET expires_at = clock_timestamp() WHERE phase = $1 AND fencing_token = $2::bigint`,
      values: [phase, token],
    };
  }
}
