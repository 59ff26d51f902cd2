import { messageOf } from '../../postgres/error-classes.js';
import { remedyFor } from '../../postgres/server/conditions.js';
import { formatDuration } from '../../text/duration.format.js';
import type { Statement } from '../../postgres/pipeline.js';
import type { Session } from '../../postgres/session.js';

/** Sends statements on a second connection while the main connection is busy. */
export type SideSession = Pick<Session, 'sendOnSideConnection'>;

export interface LeaseOptions<Held> {
  readonly durationMs: number;
  /**
   * A statement that extends the lease by its duration. It returns a row while this process holds the lease.
   */
  renewal(held: Held): Statement;
  /** Returns null while there is no connection. The next renewal then tries again. */
  sideSession(): SideSession | null;
  /** What the lease is on, for the warning. */
  readonly subject: string;
  /** Receives one warning when the lease cannot be renewed, e.g. because the password was changed. */
  warn(message: string): void;
}

/** A connection may fail once for no lasting reason. */
const REPORTED_FAILURES = 2;

/** Number of renewals in the duration of one lease. */
const RENEWALS_PER_LEASE = 3;

/**
 * A lease of this process on a range, on the completion of a backfill, or on a phase of a deployment. The
 * lease is a row that expires by the database's clock, so that a dead holder blocks other processes at most
 * for the duration of the lease. A timer renews the lease over a side connection, because the main connection
 * may be busy for longer than that duration.
 */
export class LeaseManager<Held> {
  readonly #options: LeaseOptions<Held>;
  #held: Held | null = null;
  #timer: NodeJS.Timeout | undefined;
  #isRenewing = false;
  #isLost = false;
  /** Renewals that failed one after the other. */
  #failures = 0;

  constructor(options: LeaseOptions<Held>) {
    this.#options = options;
  }

  /**
   * Whether another process held the lease at the last renewal. This is only a hint: the fencing token
   * decides whether a change may commit.
   */
  get isLost(): boolean {
    return this.#isLost;
  }

  /**
   * Takes the lease, unless this process already holds it, and starts to renew it.
   *
   * @param take takes the lease in the ledger; resolves to null if another process holds it
   * @returns whether this process holds the lease
   */
  async acquire(take: () => Promise<Held | null>): Promise<boolean> {
    if (this.#held !== null) return true;
    const held = await take();
    if (held === null) return false;
    this.hold(held);
    return true;
  }

  /** Starts to renew a lease that this process has already taken. */
  hold(held: Held): void {
    this.#held = held;
    this.#isLost = false;
    this.#failures = 0;
    this.#timer = setInterval(() => void this.#renew(held), this.#options.durationMs / RENEWALS_PER_LEASE);
    this.#timer.unref();
  }

  /** Stops the renewals, and releases the lease if it is held. */
  async release(releaseHeld: (held: Held) => Promise<unknown>): Promise<void> {
    const held = this.#held;
    this.stop();
    if (held !== null) await releaseHeld(held);
  }

  /** Stops the renewals. A lease that is not released expires. */
  stop(): void {
    clearInterval(this.#timer);
    this.#held = null;
  }

  async #renew(held: Held): Promise<void> {
    const side = this.#options.sideSession();
    if (side === null || this.#isRenewing) return;
    this.#isRenewing = true;
    try {
      const { last } = await side.sendOnSideConnection([this.#options.renewal(held)]);
      this.#failures = 0;
      // Not the reply about a lease that was released in the meantime.
      if (this.#held === held) this.#isLost = last.rows.length === 0;
    } catch (error) {
      // The next renewal tries again. If none succeeds, the lease expires.
      if (this.#held === held) this.#reportFailure(error);
    } finally {
      this.#isRenewing = false;
    }
  }

  #reportFailure(error: unknown): void {
    this.#failures++;
    if (this.#failures !== REPORTED_FAILURES) return;
    const { subject, durationMs } = this.#options;
    this.#options.warn(
      `The lease on ${subject} cannot be renewed: ${messageOf(error)}. It expires ${formatDuration(durationMs)} after its last renewal; then this process can commit no more, and another one may take over. ${remedyFor(error, 'Renewals go on until then.')}`,
    );
  }
}
