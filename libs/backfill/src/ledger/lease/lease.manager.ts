import type { Statement } from '../../postgres/pipeline.js';
import type { Session } from '../../postgres/session.js';

/** Sends statements beside the connection that does the work. */
export type SideSession = Pick<Session, 'sendOnSideConnection'>;

export interface LeaseOptions<Held> {
  readonly durationMs: number;
  /** Extends the lease by its duration. It returns a row while this process holds the lease. */
  renewal(held: Held): Statement;
  /** Null while there is no connection. The next renewal then tries again. */
  side(): SideSession | null;
}

/** Renewals in the duration of a lease. */
const RENEWALS = 3;

/**
 * A lease of this process on a range, on the completion of a backfill, or on a phase of a deployment. It is a
 * row that expires by the database's clock, so that a dead holder blocks others no longer than the lease's
 * duration. The lease is renewed on a timer over a side connection, because the connection that does the work
 * may be busy for longer than that.
 */
export class LeaseManager<Held> {
  readonly #options: LeaseOptions<Held>;
  #held: Held | null = null;
  #timer: NodeJS.Timeout | undefined;
  #isRenewing = false;
  #isLost = false;

  constructor(options: LeaseOptions<Held>) {
    this.#options = options;
  }

  /**
   * Whether the last renewal found that another process holds the lease. The fencing token decides whether a
   * change may commit.
   */
  get isLost(): boolean {
    return this.#isLost;
  }

  /**
   * @param take resolves to null when another process holds the lease
   * @returns whether this process holds the lease
   */
  async acquire(take: () => Promise<Held | null>): Promise<boolean> {
    if (this.#held !== null) return true;
    const held = await take();
    if (held === null) return false;
    this.hold(held);
    return true;
  }

  /** Renews a lease that this process has taken already. */
  hold(held: Held): void {
    this.#held = held;
    this.#isLost = false;
    this.#timer = setInterval(() => void this.#renew(held), this.#options.durationMs / RENEWALS);
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
    const side = this.#options.side();
    if (side === null || this.#isRenewing) return;
    this.#isRenewing = true;
    try {
      const { last } = await side.sendOnSideConnection([this.#options.renewal(held)]);
      // Not the reply about a lease that was released in the meantime.
      if (this.#held === held) this.#isLost = last.rows.length === 0;
    } catch {
      // The next renewal tries again. If none succeeds, the lease expires.
    } finally {
      this.#isRenewing = false;
    }
  }
}
