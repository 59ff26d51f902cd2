import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { BackfillService } from '../../backfills/backfill.service.js';
import type { BackfillDefinition } from '../../backfills/definition/definition.js';
import { LedgerFactory } from '../../ledger/ledger.factory.js';
import type { CatchUpJob } from '../catch-up.jobs.js';
import { CATCH_UP_OPTIONS, type ModuleCatchUp } from '../catch-up.options.js';
import { CatchUpRound, type RoundServices } from './catch-up.round.js';
import { RoundLog } from './round.log.js';

/**
 * The share of the shutdown timeout after which the current batch is cancelled, so that time is left to
 * record the outcome.
 */
const CANCEL_SHARE = 0.7;
/**
 * The share of the shutdown timeout after which the connections are closed. Otherwise the application's pool
 * would wait for a connection that is never released.
 */
const ABANDON_SHARE = 0.9;

/** Runs the rounds of this process one after the other. */
@Injectable()
export class RoundQueue {
  readonly #options: ModuleCatchUp;
  readonly #logger = new Logger('CatchUp');
  readonly #services: RoundServices;
  readonly #shutdown = new AbortController();
  /** The backfill that was running when the job's last round reached its time limit, by the job's name. */
  readonly #timedOut = new Map<string, BackfillDefinition | null>();
  #last: Promise<unknown> = Promise.resolve();
  #current: CatchUpRound | null = null;
  #abandon: () => void = () => undefined;
  readonly #abandoned = new Promise<'done'>((resolve) => (this.#abandon = () => resolve('done')));

  constructor(
    @Inject(BackfillService) backfills: BackfillService,
    @Inject(LedgerFactory) ledgers: LedgerFactory,
    @Inject(CATCH_UP_OPTIONS) options: ModuleCatchUp,
  ) {
    this.#services = { backfills, ledger: ledgers.forInspection(), log: new RoundLog(this.#logger) };
    this.#options = options;
  }

  /** Aborted when the application shuts down. */
  get shutdown(): AbortSignal {
    return this.#shutdown.signal;
  }

  /**
   * Runs a round of the job after the rounds that are queued already. Never throws.
   *
   * @returns `sealed` when no backfill of the job can have a pending row again
   */
  run(job: CatchUpJob): Promise<'done' | 'sealed'> {
    const round = this.#last.then(() => this.#runNow(job));
    this.#last = round;
    // The cron package waits for its job. A round that never ends must not keep the process alive.
    return Promise.race([round, this.#abandoned]);
  }

  /** Stops the current round; abandons it after the shutdown timeout. */
  async stop(): Promise<void> {
    const { shutdownTimeoutMs } = this.#options;
    this.#shutdown.abort("the application's shutdown");
    const timer = new AbortController();
    const timeout = sleep(shutdownTimeoutMs, true, { signal: timer.signal }).catch(() => false);
    const isTooLate = await Promise.race([timeout, this.#last.then(() => false)]);
    timer.abort();
    if (!isTooLate) return;
    this.#abandon();
    await this.#current?.releaseLeases();
    this.#logger.warn(
      `The current round did not end within ${shutdownTimeoutMs} ms. Its last batch is rolled back.`,
    );
  }

  async #runNow(job: CatchUpJob): Promise<'done' | 'sealed'> {
    const { name } = job;
    const { log } = this.#services;
    const closedReason = () => this.#closedReason(job);
    const reason = this.shutdown.aborted ? 'The application is shutting down.' : closedReason();
    if (reason !== null) {
      log.debug(`${name}: ${reason}`);
      return 'done';
    }
    try {
      const { shutdownTimeoutMs } = this.#options;
      this.#current = new CatchUpRound(this.#services, {
        job: name,
        backfills: this.#inRotation(job),
        maxDurationMs: job.settings.maxDurationMs,
        signal: this.shutdown,
        cancelAfterMs: shutdownTimeoutMs * CANCEL_SHARE,
        abandonAfterMs: shutdownTimeoutMs * ABANDON_SHARE,
        closedReason,
      });
      const { isAllSealed, timedOut } = await this.#current.run();
      this.#timedOut.set(name, timedOut);
      if (!isAllSealed) return 'done';
      log.log(`${name} has ended: all its backfills are sealed, so no row can become pending.`);
      return 'sealed';
    } catch (error) {
      log.roundFailed(name, error);
      return 'done';
    }
  }

  /** The reason that no backfill may run now, as a sentence; null if backfills may run. */
  #closedReason({ settings: { window } }: CatchUpJob): string | null {
    if (window === null || window.isOpen(this.#options.clock.now())) return null;
    return `Outside its window, ${String(window)}: a later round continues.`;
  }

  /**
   * The backfills in dependency order, rotated so that the round starts after the backfill in which the last
   * round reached its time limit. So every backfill gets time.
   */
  #inRotation({ name, backfills }: CatchUpJob): readonly BackfillDefinition[] {
    const timedOut = this.#timedOut.get(name);
    const first = timedOut ? backfills.indexOf(timedOut) + 1 : 0;
    return [...backfills.slice(first), ...backfills.slice(0, first)];
  }
}
