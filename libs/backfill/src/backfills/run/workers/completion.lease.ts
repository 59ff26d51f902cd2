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
  readonly #ledger: PhaseLeaseLedger;
  readonly #owner: string;
  readonly #lease: LeaseManager<string>;

  constructor(connection: RunConnection, ledger: BackfillLedger, tenants: TenantScope) {
    const { name, version } = ledger.subject;
    const scope = tenants === null ? '' : ` for ${JSON.stringify(tenants)}`;
    const completion = new PhaseLeaseLedger(ledger, `finish of ${name} v${version}${scope}`);
    this.#connection = connection;
    this.#ledger = completion;
    this.#owner = ledger.owner;
    this.#lease = new LeaseManager({
      durationMs: ledger.leaseMs,
      renewal: (token) => completion.renewal(token),
      sideSession: () => connection.session,
    });
  }

  /** @returns false if another process holds it */
  take(): Promise<boolean> {
    const owner = { owner: this.#owner, description: this.#owner };
    return this.#lease.acquire(() => this.#connection.use((session) => this.#ledger.acquire(session, owner)));
  }

  async release(): Promise<void> {
    await this.#lease.release(async (token) => {
      // A lease that cannot be released expires.
      await this.#connection.session?.transaction([this.#ledger.release(token)]).catch(() => undefined);
    });
  }
}
