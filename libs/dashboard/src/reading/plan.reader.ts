import { Inject, Injectable } from '@nestjs/common';
import type { BackfillPlan, BackfillPreview } from 'nestjs-backfill/reports';
import { SteeringRefusal } from '../actions/steering.refusal.js';
import { RateLimiter, type LimitedVisitor } from '../security/rate.limiter.js';
import { TEXTS } from '../texts.js';
import { Runtime } from './runtime.js';

/** Makes plans and previews. They run batches and roll them back, so each counts as an action of the visitor. */
@Injectable()
export class PlanReader {
  readonly #runtime: Runtime;
  readonly #limiter: RateLimiter;
  readonly #planning = new Map<string, Promise<BackfillPlan>>();
  readonly #previewing = new Map<string, Promise<BackfillPreview>>();

  constructor(@Inject(Runtime) runtime: Runtime, @Inject(RateLimiter) limiter: RateLimiter) {
    this.#runtime = runtime;
    this.#limiter = limiter;
  }

  /** Visitors who ask at the same time get the same plan. @throws SteeringRefusal, UnknownBackfillError */
  async read(name: string, visitor: LimitedVisitor): Promise<BackfillPlan> {
    this.#count(visitor);
    return shared(this.#planning, name, () => this.#make(name));
  }

  /** Ten rows before and after, for each visitor who asks at the same time. @throws as `read` */
  async preview(name: string, visitor: LimitedVisitor): Promise<BackfillPreview> {
    this.#count(visitor);
    return shared(this.#previewing, name, async () => this.#runtime.backfills.preview(name));
  }

  /** @throws SteeringRefusal */
  #count(visitor: LimitedVisitor): void {
    const seconds = this.#limiter.take(visitor);
    if (seconds !== null) throw new SteeringRefusal(429, TEXTS.errors.rate(seconds), seconds);
  }

  async #make(name: string): Promise<BackfillPlan> {
    const { plan } = await this.#runtime.backfills.plan({ names: [name] });
    const [own] = plan;
    if (own === undefined) throw new SteeringRefusal(404, TEXTS.errors.notFound);
    return own;
  }
}

/** The work for this name that is under way, or new work. */
function shared<T>(underWay: Map<string, Promise<T>>, name: string, work: () => Promise<T>): Promise<T> {
  const known = underWay.get(name);
  if (known) return known;
  const started = work().finally(() => underWay.delete(name));
  underWay.set(name, started);
  return started;
}
