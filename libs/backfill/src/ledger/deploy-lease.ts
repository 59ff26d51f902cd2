import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import type { DataSource, QueryRunner } from 'typeorm';
import { Session } from '../postgres/session.js';
import { DeployLeaseLostError } from './deploy-lease.error.js';
import { DeployLeaseLedger } from './deploy-lease.ledger.js';
import { installLedger } from './ledger.installer.js';

export interface DeployLeaseOptions {
  /** The ledger's schema. */
  readonly schema: string;
  /** What is being done: one process at a time does it. */
  readonly phase: string;
  /** How long a killed holder keeps others waiting, in milliseconds. */
  readonly duration: number;
  /** Told once, when somebody else holds it. */
  readonly log: { log(message: string): void };
}

/** How often a waiting process looks whether the lease has become free, in milliseconds. */
const LOOK_AGAIN = 500;

/**
 * The right to carry out a phase of a deployment: a row, not a session's advisory lock, so that it holds through a pooler in transaction
 * mode, and so that a dead holder blocks the next for no longer than its lease.
 */
export class DeployLease {
  readonly #timer: NodeJS.Timeout;
  #lost = false;

  private constructor(
    private readonly dataSource: DataSource,
    /** Given back to the pool; kept for what goes beside it. */
    private readonly session: Session,
    private readonly ledger: DeployLeaseLedger,
    private readonly options: Omit<DeployLeaseOptions, 'log'>,
    private readonly token: string,
    /** Whether another process held it when this one came. */
    readonly waited: boolean,
  ) {
    this.#timer = setInterval(() => void this.#renew(), options.duration / 3);
    this.#timer.unref();
  }

  /** Waits until nobody else holds it. Installs the ledger where it is missing. */
  static async acquire(dataSource: DataSource, options: DeployLeaseOptions): Promise<DeployLease> {
    const ledger = new DeployLeaseLedger(options.schema);
    const session = await Session.open(dataSource);
    try {
      await installLedger(session, options.schema);
      const { token, waited } = await waitForToken(session, ledger, options);
      return new DeployLease(dataSource, session, ledger, options, token, waited);
    } finally {
      await session.close();
    }
  }

  /** Sends statements on connections outside of the pool, which a long statement may have used up. */
  get beside(): Pick<Session, 'sendOnSideConnection'> {
    return this.session;
  }

  /** Does not wait: null when somebody else holds it. Installs the ledger where it is missing. */
  static async tryAcquire(
    dataSource: DataSource,
    options: Omit<DeployLeaseOptions, 'log'>,
  ): Promise<DeployLease | null> {
    const ledger = new DeployLeaseLedger(options.schema);
    const session = await Session.open(dataSource);
    try {
      await installLedger(session, options.schema);
      const token = await tryForToken(session, ledger, options, randomUUID());
      return token === null ? null : new DeployLease(dataSource, session, ledger, options, token, false);
    } finally {
      await session.close();
    }
  }

  /** Another process was seen to hold it. What is known is as old as the last sign of life that was given. */
  get lost(): boolean {
    return this.#lost;
  }

  /** @throws DeployLeaseLostError; else nobody can take the lease over before the transaction at hand has ended */
  async confirm(runner: QueryRunner): Promise<void> {
    const { text, values } = this.ledger.confirm(this.options.phase, this.token);
    const rows = (await runner.query(text, [...(values ?? [])])) as unknown[];
    if (rows.length === 0) throw new DeployLeaseLostError(this.options.phase);
  }

  async release(): Promise<void> {
    clearInterval(this.#timer);
    if (this.#lost) return;
    // A lease that cannot be given back runs out by itself.
    const { text, values } = this.ledger.release(this.options.phase, this.token);
    await this.dataSource.query(text, [...(values ?? [])]).catch(() => undefined);
  }

  async #renew(): Promise<void> {
    try {
      const renewal = this.ledger.renew(this.options.phase, this.token, this.options.duration);
      // Outside of the pool: a long statement may hold the last connection of it, and the lease would run out meanwhile.
      const { rows } = await this.session.sendOnSideConnection([renewal]);
      this.#lost = rows[0]?.length === 0;
    } catch {
      // The next beat tries again; whether the lease is still ours is settled before each commit.
    }
  }
}

/** The token is null when somebody else holds the lease. */
async function tryForToken(
  session: Session,
  ledger: DeployLeaseLedger,
  { phase, duration }: Omit<DeployLeaseOptions, 'log'>,
  owner: string,
): Promise<string | null> {
  const described = `pid ${process.pid} on ${hostname()}`;
  const { rows } = await session.transaction([ledger.acquire(phase, owner, described, duration)]);
  return rows[0]?.[0]?.[0] ?? null;
}

async function waitForToken(
  session: Session,
  ledger: DeployLeaseLedger,
  options: DeployLeaseOptions,
): Promise<{ readonly token: string; readonly waited: boolean }> {
  const { phase, duration, log } = options;
  const owner = randomUUID();
  for (let waited = false; ; waited = true) {
    const token = await tryForToken(session, ledger, options, owner);
    if (token !== null) return { token, waited };
    if (!waited) {
      const holder = await session.transaction([ledger.holder(phase)]);
      const who = holder.rows[0]?.[0]?.[0] ?? 'another process';
      log.log(`Waiting for "${phase}", which ${who} is carrying out.`);
    }
    await pause(Math.min(LOOK_AGAIN, duration / 4) * (0.5 + Math.random() / 2));
  }
}
