import type { BackfillLedger } from '../../../ledger/backfill.ledger.js';
import { LeaseManager } from '../../../ledger/lease/lease.manager.js';
import { PhaseLeaseLedger } from '../../../ledger/lease/phase-lease.ledger.js';
import type { TenantScope } from '../../../ledger/range.js';
import type { RunConnection } from '../connection/run-connection.js';

/**
 * The lease that allows a process to prove that a backfill is complete, or to plan its next sweep. If several
 * processes share a run, one of them takes it after every range is done.
 */
export class CompletionLease {
  readonly #connection: RunConnection;
  readonly #ledger: BackfillLedger;
  readonly #scope: string;
  readonly #lease: LeaseManager<string>;

  /** @param warn receives a warning when the lease cannot be renewed */
  constructor(
    connection: RunConnection,
    ledger: BackfillLedger,
    tenants: TenantScope,
    warn: (message: string) => void,
  ) {
    this.#connection = connection;
    this.#ledger = ledger;
    this.#scope = tenants === null ? '' : ` for ${JSON.stringify(tenants)}`;
    this.#lease = new LeaseManager({
      durationMs: ledger.leaseMs,
      renewal: (token) => this.#completion.renewal(token),
      sideSession: () => connection.session,
      subject: 'the proof',
      warn,
    });
  }

  get #completion(): PhaseLeaseLedger {
    const { subject, target } = this.#ledger;
    const phase = `finish of ${subject.name} v${subject.version} on ${target.name}${this.#scope}`;
    return new PhaseLeaseLedger(this.#ledger, phase);
  }

  /** @returns false if another process holds it */
  take(): Promise<boolean> {
    const { owner } = this.#ledger;
    return this.#lease.acquire(() =>
      this.#connection.use((session) => this.#completion.acquire(session, { owner, description: owner })),
    );
  }

  async release(): Promise<void> {
    await this.#lease.release(async (token) => {
      // A lease that cannot be released expires.
      await this.#connection.session?.transaction([this.#completion.release(token)]).catch(() => undefined);
    });
  }
}
