import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { BackfillRegistry } from '../backfills/definition/backfill.registry.js';
import { MODULE_NAME } from '../options/known-options.js';
import { planJobs, type CatchUpJob } from './catch-up.jobs.js';
import { CATCH_UP_OPTIONS, type ModuleCatchUp } from './catch-up.options.js';
import { endBeforeDestroy } from './destroy-hook.js';
import { startTrigger } from './job.trigger.js';
import { RoundQueue } from './round/round.queue.js';
import { loadScheduler, type Scheduler } from './scheduler.loader.js';

/** Starts the catch-up jobs when the application starts, and stops them when it shuts down. */
@Injectable()
export class CatchUpScheduler implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #queue: RoundQueue;
  readonly #registry: BackfillRegistry;
  readonly #moduleRef: ModuleRef;
  readonly #options: ModuleCatchUp;
  /** Stops the trigger of each running job, by the job's name. */
  readonly #triggers = new Map<string, () => void>();
  /** Jobs with a round that is waiting or running. */
  readonly #busy = new Set<string>();
  #jobs: readonly CatchUpJob[] = [];
  #scheduler: Scheduler | null = null;
  #stopped: Promise<void> | null = null;

  constructor(
    @Inject(RoundQueue) queue: RoundQueue,
    @Inject(BackfillRegistry) registry: BackfillRegistry,
    @Inject(ModuleRef) moduleRef: ModuleRef,
    @Inject(CATCH_UP_OPTIONS) options: ModuleCatchUp,
  ) {
    this.#queue = queue;
    this.#registry = registry;
    this.#moduleRef = moduleRef;
    this.#options = options;
  }

  /**
   * Checks the options and plans the jobs. The module calls it at start-up, in every mode.
   *
   * @throws the errors in catch-up.error.ts
   */
  async declare(): Promise<void> {
    const { mode } = this.#options;
    if (mode === 'off') return;
    const { definitions } = this.#registry;
    const own = definitions.find(({ catchUp }) => typeof catchUp === 'object');
    if (mode === 'opt-in' && own === undefined) return;
    const className = mode === 'on' ? MODULE_NAME : (own?.className ?? MODULE_NAME);
    this.#scheduler = await loadScheduler(className, this.#moduleRef);
    this.#jobs = planJobs(definitions, this.#options, this.#scheduler);
  }

  onApplicationBootstrap(): void {
    if (this.#scheduler === null || !this.#options.isAllowed()) return;
    for (const job of this.#jobs) {
      this.#triggers.set(
        job.name,
        startTrigger(job, this.#scheduler, () => this.#tick(job)),
      );
      for (const definition of job.backfills) endBeforeDestroy(definition, () => this.onModuleDestroy());
    }
  }

  onModuleDestroy(): Promise<void> {
    return (this.#stopped ??= this.#stop());
  }

  /** A tick during a round of the same job is ignored. Never throws. */
  async #tick(job: CatchUpJob): Promise<void> {
    if (this.#stopped !== null || this.#busy.has(job.name)) return;
    this.#busy.add(job.name);
    try {
      const delayMs = Math.random() * job.settings.jitterMs;
      // A shutdown ends the delay.
      const { shutdown } = this.#queue;
      if (delayMs > 0) await sleep(delayMs, undefined, { signal: shutdown }).catch(() => undefined);
      const outcome = await this.#queue.run(job);
      if (outcome === 'sealed') this.#stopTrigger(job.name);
    } finally {
      this.#busy.delete(job.name);
    }
  }

  /**
   * The job stays stopped until the next start of the application: only a deployment can make rows pending
   * again.
   */
  #stopTrigger(name: string): void {
    this.#triggers.get(name)?.();
    this.#triggers.delete(name);
  }

  async #stop(): Promise<void> {
    for (const name of [...this.#triggers.keys()]) this.#stopTrigger(name);
    await this.#queue.stop();
  }
}
