import { setTimeout as pause } from 'node:timers/promises';
import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { MODULE_OPTIONS_TOKEN, type BackfillModuleOptions } from '../backfill.module-definition.js';
import { BackfillService } from '../backfills/backfill.service.js';
import type { BackfillDefinition } from '../backfills/definition/definition.js';
import { isOneShotProcess } from '../one-shot/invocation.js';
import { SYSTEM_CLOCK } from './catch-up.clock.js';
import type { CatchUpModuleOptions } from './catch-up.options.js';
import { CatchUpRound } from './catch-up.round.js';
import {
  CATCH_UP_DEFAULTS,
  checkNumber,
  decideSettings,
  mergeOptions,
  type CatchUpSettings,
} from './catch-up.settings.js';
import { RoundLog } from './round.log.js';
import { endBefore } from './end-before.js';
import { loadScheduler, type Scheduler } from './scheduler.loader.js';

/** The job's name in the `SchedulerRegistry`; that of a backfill with options of its own has `:<name>` behind it. */
export const CATCH_UP_JOB = 'nestjs-backfill:catch-up';

/**
 * Of the time for shutting down, the share after which the batch in hand is cancelled, so that there is time left to record and to hand
 * back; and that after which its connection is broken off, without which the application's pool would wait for it for ever.
 */
const CANCEL_SHARE = 0.7;
const ABANDON_SHARE = 0.9;

interface CatchUpJob {
  readonly name: string;
  readonly settings: CatchUpSettings;
  readonly backfills: readonly BackfillDefinition[];
}

/** Owns the jobs that catch up while the application serves its users: from its start to its shutdown. */
@Injectable()
export class CatchUpScheduler implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #service: BackfillService;
  readonly #moduleRef: ModuleRef;
  readonly #options: CatchUpModuleOptions | false | undefined;
  readonly #logger = new Logger('CatchUp');
  readonly #log = new RoundLog(this.#logger);
  readonly #shutdown = new AbortController();
  readonly #ends = new Map<string, () => void>();
  readonly #busy = new Set<string>();
  readonly #lastCut = new Map<string, BackfillDefinition | null>();
  #jobs: readonly CatchUpJob[] = [];
  #scheduler: Scheduler | null = null;
  /** Rounds of one process come one after the other. */
  #rounds: Promise<void> = Promise.resolve();
  #giveUp: () => void = () => undefined;
  readonly #givenUp = new Promise<void>((resolve) => (this.#giveUp = resolve));
  #inHand: CatchUpRound | null = null;
  #stopped: Promise<void> | null = null;

  constructor(
    @Inject(BackfillService) service: BackfillService,
    @Inject(ModuleRef) moduleRef: ModuleRef,
    @Inject(MODULE_OPTIONS_TOKEN) { catchUp }: BackfillModuleOptions,
  ) {
    this.#service = service;
    this.#moduleRef = moduleRef;
    this.#options = catchUp;
  }

  /**
   * Checks the options. Called by the module at start-up, in every mode.
   * @throws the errors of catch-up.error.ts
   */
  async declare(): Promise<void> {
    if (this.#options === false) return;
    const { shutdownTimeout } = this.#options ?? {};
    if (shutdownTimeout !== undefined) checkNumber('BackfillModule', 'shutdownTimeout', shutdownTimeout);
    const own = this.#service.definitions.filter(({ catchUp }) => typeof catchUp === 'object');
    const [first] = own;
    if (this.#options === undefined && first === undefined) return;
    const scheduler = await loadScheduler(
      this.#options ? 'BackfillModule' : (first?.className ?? ''),
      this.#moduleRef,
    );
    this.#scheduler = scheduler;
    this.#jobs = [
      ...this.#ofModule(scheduler),
      ...own.map((definition) => this.#ofBackfill(definition, scheduler)),
    ];
  }

  onApplicationBootstrap(): void {
    if (this.#scheduler === null || isOneShotProcess()) return;
    for (const job of this.#jobs) {
      this.#schedule(job, this.#scheduler);
      for (const definition of job.backfills) endBefore(definition, () => this.onModuleDestroy());
    }
  }

  onModuleDestroy(): Promise<void> {
    return (this.#stopped ??= this.#stop());
  }

  #ofModule(scheduler: Scheduler): CatchUpJob[] {
    if (!this.#options) return [];
    const { cron, interval } = this.#options;
    const backfills = this.#service.definitions.filter(({ catchUp }) => catchUp === undefined);
    // A window, say, that all of them share, each at a time of its own.
    if (backfills.length === 0 && cron === undefined && interval === undefined) return [];
    const settings = decideSettings('BackfillModule', this.#options, scheduler);
    return backfills.length > 0 ? [{ name: CATCH_UP_JOB, settings, backfills }] : [];
  }

  #ofBackfill(definition: BackfillDefinition, scheduler: Scheduler): CatchUpJob {
    const { name, className, catchUp } = definition;
    const options = mergeOptions(this.#options || {}, catchUp || {});
    return {
      name: `${CATCH_UP_JOB}:${name}`,
      settings: decideSettings(className, options, scheduler),
      backfills: [definition],
    };
  }

  #schedule(job: CatchUpJob, { registry, cron }: Scheduler): void {
    const { trigger } = job.settings;
    const { name } = job;
    const onTick = () => this.#due(job);
    if (trigger.kind === 'cron') {
      const { cron: cronTime, timeZone } = trigger;
      // A tick during a round is left out.
      const scheduled = cron.CronJob.from({ cronTime, timeZone, name, waitForCompletion: true, onTick });
      registry.addCronJob(name, scheduled);
      scheduled.start();
      this.#ends.set(name, () => void scheduled.stop());
    } else {
      registry.addInterval(
        name,
        setInterval(() => void onTick(), trigger.ms),
      );
      this.#ends.set(name, () => {
        if (registry.doesExist('interval', name)) registry.deleteInterval(name);
      });
    }
  }

  /** Never throws. */
  async #due(job: CatchUpJob): Promise<void> {
    if (this.#stopped !== null || this.#busy.has(job.name)) return;
    this.#busy.add(job.name);
    try {
      const { signal } = this.#shutdown;
      const later = Math.random() * job.settings.jitterMs;
      // An application that shuts down does not wait for it.
      if (later > 0) await pause(later, undefined, { signal }).catch(() => undefined);
      this.#rounds = this.#rounds.then(() => this.#round(job));
      // A round that does not come back must not keep the cron package looking for its end, and the process with it.
      await Promise.race([this.#rounds, this.#givenUp]);
    } finally {
      this.#busy.delete(job.name);
    }
  }

  async #round(job: CatchUpJob): Promise<void> {
    const { name, settings } = job;
    const { signal } = this.#shutdown;
    const { window, maxDurationMs } = settings;
    const { clock = SYSTEM_CLOCK } = this.#options || {};
    const closed = () =>
      window === null || window.isOpen(clock.now())
        ? null
        : `Outside its window, ${String(window)}: a later round goes on.`;
    if (signal.aborted || closed() !== null)
      return this.#log.debug(`${name}: ${closed() ?? 'shutting down.'}`);
    try {
      const cancelAfterMs = this.#shutdownTimeout * CANCEL_SHARE;
      const abandonAfterMs = this.#shutdownTimeout * ABANDON_SHARE;
      const options = {
        backfills: this.#inTurn(job),
        maxDurationMs,
        signal,
        cancelAfterMs,
        abandonAfterMs,
        closed,
      };
      const round = (this.#inHand = new CatchUpRound(this.#service, options, this.#log));
      const { allSealed, cutShort } = await round.run();
      this.#lastCut.set(name, cutShort);
      if (allSealed) this.#end(name);
    } catch (error) {
      this.#log.failed(name, error);
    }
  }

  /** Those that depend on others come after them; but one that takes all the time of its rounds keeps nobody else waiting for ever. */
  #inTurn({ name, backfills }: CatchUpJob): readonly BackfillDefinition[] {
    const cut = this.#lastCut.get(name);
    const first = cut ? backfills.indexOf(cut) + 1 : 0;
    return [...backfills.slice(first), ...backfills.slice(0, first)];
  }

  /** Until the application starts again, by a deployment that may have changed the table. */
  #end(name: string): void {
    this.#ends.get(name)?.();
    this.#ends.delete(name);
    this.#log.log(`${name} has ended: every backfill of it is sealed, and nothing can become pending.`);
  }

  get #shutdownTimeout(): number {
    return (this.#options || {}).shutdownTimeout ?? CATCH_UP_DEFAULTS.shutdownTimeout;
  }

  async #stop(): Promise<void> {
    for (const end of this.#ends.values()) end();
    this.#ends.clear();
    this.#shutdown.abort("the application's shutdown");
    const timeout = new AbortController();
    const late = pause(this.#shutdownTimeout, true, { signal: timeout.signal }).catch(() => false);
    const isLate = await Promise.race([late, this.#rounds.then(() => false)]);
    timeout.abort();
    if (isLate) {
      this.#giveUp();
      await this.#inHand?.giveUp();
      this.#logger.warn(
        `The round at work did not end within ${this.#shutdownTimeout} ms. Nothing of its last batch is committed.`,
      );
    }
  }
}
