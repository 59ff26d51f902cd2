import { Inject, Injectable } from '@nestjs/common';
import type { BackfillPlan } from 'nestjs-backfill/reports';
import { SteeringRefusal } from '../actions/steering.refusal.js';
import { RateLimiter } from '../security/rate.limiter.js';
import { TEXTS } from '../texts.js';
import { Runtime } from './runtime.js';

/** Makes plans. A plan runs batches and rolls them back, so it counts as an action of the visitor. */
@Injectable()
export class PlanReader {
  readonly #runtime: Runtime;
  readonly #limiter: RateLimiter;
  readonly #planning = new Map<string, Promise<BackfillPlan>>();

  constructor(@Inject(Runtime) runtime: Runtime, @Inject(RateLimiter) limiter: RateLimiter) {
    this.#runtime = runtime;
    this.#limiter = limiter;
  }

  /** Visitors who ask at the same time get the same plan. @throws SteeringRefusal, UnknownBackfillError */
  async read(name: string, actor: string): Promise<BackfillPlan> {
    const seconds = this.#limiter.take(actor);
    if (seconds !== null) throw new SteeringRefusal(429, TEXTS.errors.rate(seconds), seconds);
    const known = this.#planning.get(name);
    if (known) return known;
    const planning = this.#make(name).finally(() => this.#planning.delete(name));
    this.#planning.set(name, planning);
    return planning;
  }

  async #make(name: string): Promise<BackfillPlan> {
    const { plan } = await this.#runtime.backfills.plan({ names: [name] });
    const [own] = plan;
    if (own === undefined) throw new SteeringRefusal(404, TEXTS.errors.notFound);
    return own;
  }
}
