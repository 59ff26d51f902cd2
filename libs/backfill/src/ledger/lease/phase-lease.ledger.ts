import { nullable, text } from '../../postgres/decoders.js';
import type { Statement } from '../../postgres/pipeline.js';
import type { Session } from '../../postgres/session.js';
import type { LedgerContext } from '../ledger.context.js';

/** The process that requests a lease. */
export interface PhaseLeaseOwner {
  readonly owner: string;
  /** A description of the process for messages. */
  readonly description: string;
}

/** A row that was pruned and made again must not have a token that a process before it still holds. */
const FIRST_TOKEN = `(extract(epoch FROM pg_catalog.clock_timestamp())::float8 * 1000::float8)::bigint`;

/** The lease on a phase. One process at a time carries the phase out. */
export class PhaseLeaseLedger {
  readonly #table: string;
  readonly #phase: string;
  readonly #formerPhase: string;
  readonly #durationMs: string;

  /**
   * @param phase the phase and what it is about, e.g. `migrate public.migrations`
   * @param formerPhase the name under which an earlier release takes the lease. While it holds it, nobody else gets it
   */
  constructor(
    { schema, leaseMs }: Pick<LedgerContext, 'schema' | 'leaseMs'>,
    phase: string,
    formerPhase = phase,
  ) {
    this.#table = `${schema}.deploy_lease`;
    this.#phase = phase;
    this.#formerPhase = formerPhase;
    this.#durationMs = String(leaseMs);
  }

  /**
   * Takes the lease if it is free or has expired.
   *
   * @returns the new fencing token; null if another process holds the lease
   */
  async acquire(session: Session, { owner, description }: PhaseLeaseOwner): Promise<string | null> {
    const { last } = await session.transaction([
      {
        text: `
        INSERT INTO ${this.#table} AS lease (phase, owner, described, fencing_token, acquired_at, expires_at)
        SELECT $1, $2, $3, ${FIRST_TOKEN}, pg_catalog.clock_timestamp(), pg_catalog.clock_timestamp() + $4::float8 * interval '1 millisecond'
        WHERE NOT EXISTS (SELECT FROM ${this.#table} AS former
          WHERE former.phase = $5 AND former.phase <> $1 AND former.expires_at > pg_catalog.clock_timestamp())
        ON CONFLICT (phase) DO UPDATE
          SET owner = excluded.owner, described = excluded.described, fencing_token = lease.fencing_token + 1,
              acquired_at = excluded.acquired_at, expires_at = excluded.expires_at
          WHERE lease.expires_at <= pg_catalog.clock_timestamp()
        RETURNING fencing_token::text`,
        values: [this.#phase, owner, description, this.#durationMs, this.#formerPhase],
      },
    ]);
    return last.firstValue(nullable(text)) ?? null;
  }

  /** The description of the process that holds the lease; null if the lease is free. */
  async holder(session: Session): Promise<string | null> {
    const { last } = await session.transaction([
      {
        text: `SELECT described FROM ${this.#table} WHERE phase IN ($1, $2) AND expires_at > pg_catalog.clock_timestamp() LIMIT 1`,
        values: [this.#phase, this.#formerPhase],
      },
    ]);
    return last.firstValue(text) ?? null;
  }

  /** A statement that renews the lease. It returns a row while the lease has this token. */
  renewal(token: string): Statement {
    return {
      text: `
        UPDATE ${this.#table}
           SET expires_at = pg_catalog.clock_timestamp() + $3::float8 * interval '1 millisecond'
         WHERE phase = $1 AND fencing_token = $2::bigint
        RETURNING fencing_token::text`,
      values: [this.#phase, token, this.#durationMs],
    };
  }

  /**
   * The last statement of a transaction that needs the lease. It returns no row if another process holds the
   * lease. Its share lock prevents other processes from taking the lease before the commit.
   */
  confirmation(token: string): Statement {
    return {
      text: `SELECT fencing_token::text FROM ${this.#table} WHERE phase = $1 AND fencing_token = $2::bigint FOR SHARE`,
      values: [this.#phase, token],
    };
  }

  /** Raises the fencing token, so that a renewal in flight does not extend the lease again. */
  release(token: string): Statement {
    return {
      text: `
        UPDATE ${this.#table} SET expires_at = pg_catalog.clock_timestamp(), fencing_token = fencing_token + 1
         WHERE phase = $1 AND fencing_token = $2::bigint`,
      values: [this.#phase, token],
    };
  }
}
