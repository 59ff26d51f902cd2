import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import type { DataSource, QueryRunner } from 'typeorm';
import { quoteIdentifier } from '../../postgres/identifiers.js';
import { Session } from '../../postgres/session.js';
import { installLedger } from '../ledger.installer.js';
import { DeployLeaseLostError } from './deploy-lease.error.js';
import { LeaseManager, type SideSession } from './lease.manager.js';
import { PhaseLeaseLedger } from './phase-lease.ledger.js';

export interface DeployLeaseOptions {
  /** The ledger's schema, not quoted. */
  readonly schema: string;
  /** The name of the phase. One process at a time carries it out. */
  readonly phase: string;
  /**
   * Finds the name of the table that the phase is about. Processes with different tables, e.g. in the schemas of
   * different tenants, do not wait for each other.
   */
  readonly target: (session: Session) => Promise<string>;
  /**
   * The duration of the lease in milliseconds. If the holder is killed, other processes wait for this time.
   */
  readonly duration: number;
  /** Receives a warning when the lease cannot be renewed. */
  readonly warn: (message: string) => void;
}

/** Milliseconds between two attempts to take a lease that another process holds. */
const RETRY_INTERVAL_MS = 500;

/**
 * The lease that allows a process to carry out a phase of a deployment. It is a row and not a session-level
 * advisory lock, so that it also works with a pooler in transaction mode.
 */
export class DeployLease {
  readonly #dataSource: DataSource;
  readonly #phase: string;
  readonly #ledger: PhaseLeaseLedger;
  readonly #session: Session;
  readonly #lease: LeaseManager<string>;
  #token = '';
  #hasWaited = false;

  /** Creates the object without taking the lease. Use `acquire` or `tryAcquire` instead. */
  constructor(
    dataSource: DataSource,
    session: Session,
    {
      schema,
      phase,
      target,
      duration,
      warn,
    }: Omit<DeployLeaseOptions, 'target'> & { readonly target: string },
  ) {
    const context = { schema: quoteIdentifier(schema), leaseMs: duration };
    const ledger = new PhaseLeaseLedger(context, `${phase} ${target}`, phase);
    this.#dataSource = dataSource;
    this.#phase = phase;
    this.#ledger = ledger;
    this.#session = session;
    this.#lease = new LeaseManager({
      durationMs: duration,
      renewal: (token) => ledger.renewal(token),
      // Not from the pool: a long statement may use the pool's last connection for longer than the lease.
      sideSession: () => session,
      subject: `the phase "${phase}" of ${target}`,
      warn,
    });
  }

  /**
   * Takes the lease, and waits for it while another process holds it. Installs the ledger if it is missing.
   *
   * @param log receives one message if this process has to wait
   */
  static async acquire(
    dataSource: DataSource,
    { log, ...options }: DeployLeaseOptions & { readonly log: { log(message: string): void } },
  ): Promise<DeployLease> {
    return withSession(dataSource, options, async (session, target) => {
      const lease = new DeployLease(dataSource, session, { ...options, target });
      await lease.#wait(options.duration, log);
      return lease;
    });
  }

  /**
   * Takes the lease without a wait. Installs the ledger if it is missing.
   *
   * @returns null if another process holds it
   */
  static async tryAcquire(dataSource: DataSource, options: DeployLeaseOptions): Promise<DeployLease | null> {
    return withSession(dataSource, options, async (session, target) => {
      const lease = new DeployLease(dataSource, session, { ...options, target });
      return (await lease.#take(randomUUID())) ? lease : null;
    });
  }

  /**
   * Sends statements on connections that are not from the pool, because long statements may use all of these.
   */
  get sideSession(): SideSession {
    return this.#session;
  }

  /** Whether this process had to wait because another process held the lease. */
  get hasWaited(): boolean {
    return this.#hasWaited;
  }

  /** Whether another process held the lease at the last renewal. */
  get isLost(): boolean {
    return this.#lease.isLost;
  }

  /**
   * Prevents other processes from taking the lease until the runner's current transaction ends.
   *
   * @throws DeployLeaseLostError if another process already holds it
   */
  async confirm(runner: QueryRunner): Promise<void> {
    const { text, values } = this.#ledger.confirmation(this.#token);
    const rows = (await runner.query(text, [...(values ?? [])])) as unknown[];
    if (rows.length === 0) throw new DeployLeaseLostError(this.#phase);
  }

  async release(): Promise<void> {
    if (this.isLost) return this.#lease.stop();
    await this.#lease.release(async (token) => {
      const { text, values } = this.#ledger.release(token);
      // A lease that cannot be released expires.
      await this.#dataSource.query(text, [...(values ?? [])]).catch(() => undefined);
    });
  }

  async #wait(durationMs: number, log: { log(message: string): void }): Promise<void> {
    const owner = randomUUID();
    while (!(await this.#take(owner))) {
      if (!this.#hasWaited) {
        const holder = (await this.#ledger.holder(this.#session)) ?? 'another process';
        log.log(`Waiting for "${this.#phase}", which ${holder} is carrying out.`);
      }
      this.#hasWaited = true;
      await pause(Math.min(RETRY_INTERVAL_MS, durationMs / 4) * (0.5 + Math.random() / 2));
    }
  }

  #take(owner: string): Promise<boolean> {
    return this.#lease.acquire(async () => {
      const description = `pid ${process.pid} on ${hostname()}`;
      const token = await this.#ledger.acquire(this.#session, { owner, description });
      if (token !== null) this.#token = token;
      return token;
    });
  }
}

/**
 * Opens a session, installs the ledger, and closes the session. A closed session still opens side
 * connections.
 */
async function withSession<T>(
  dataSource: DataSource,
  { schema, target }: DeployLeaseOptions,
  work: (session: Session, target: string) => Promise<T>,
): Promise<T> {
  const session = await Session.open(dataSource);
  try {
    await installLedger(session, schema);
    return await work(session, await target(session));
  } finally {
    await session.close();
  }
}
