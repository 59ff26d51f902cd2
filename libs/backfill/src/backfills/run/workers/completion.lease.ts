import { DeployLeaseLedger } from '../../../ledger/deploy-lease.ledger.js';
import type { BackfillLedger } from '../../../ledger/backfill.ledger.js';
import type { TenantScope } from '../../../ledger/range.js';
import type { RunConnection } from '../connection/run-connection.js';

/**
 * The right to prove that a backfill is complete, or to plan its next sweep: where several processes have a part in a run, one
 * of them does it, once every range is done. A row, under a lease that is renewed, as everything else here.
 */
export class CompletionLease {
  readonly #connection: RunConnection;
  readonly #lease: DeployLeaseLedger;
  readonly #ledger: BackfillLedger;
  readonly #what: string;
  #token: string | null = null;
  #timer: NodeJS.Timeout | undefined;

  constructor(connection: RunConnection, schema: string, ledger: BackfillLedger, tenants: TenantScope) {
    this.#connection = connection;
    const { name, version } = ledger.subject;
    this.#ledger = ledger;
    this.#lease = new DeployLeaseLedger(schema);
    this.#what = `finish of ${name} v${version}${tenants === null ? '' : ` for ${JSON.stringify(tenants)}`}`;
  }

  /** @returns false when another process holds it */
  async take(): Promise<boolean> {
    if (this.#token !== null) return true;
    const { owner, leaseMs } = this.#ledger;
    const acquire = this.#lease.acquire(this.#what, owner, owner, leaseMs);
    const token = await this.#connection.use(async (session) => {
      const { rows } = await session.transaction([acquire]);
      return rows[0]?.[0]?.[0] ?? null;
    });
    if (token === null) return false;
    this.#token = token;
    this.#timer = setInterval(() => void this.#renew(token), leaseMs / 3);
    this.#timer.unref();
    return true;
  }

  async release(): Promise<void> {
    clearInterval(this.#timer);
    const token = this.#token;
    this.#token = null;
    // One that cannot be given back runs out by itself.
    if (token !== null)
      await this.#connection.session
        ?.transaction([this.#lease.release(this.#what, token)])
        .catch(() => undefined);
  }

  async #renew(token: string): Promise<void> {
    const renewal = this.#lease.renew(this.#what, token, this.#ledger.leaseMs);
    // What does not get through is made up for by the next one.
    await this.#connection.session?.sendOnSideConnection([renewal]).catch(() => undefined);
  }
}
