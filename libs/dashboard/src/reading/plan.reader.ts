import { Inject, Injectable } from '@nestjs/common';
import type { BackfillPlan, BackfillPreview } from 'nestjs-backfill/reports';
import { SteeringRefusal } from '../actions/steering.refusal.js';
import { TEXTS } from '../texts.js';
import { Runtime } from './runtime.js';

/** Makes plans and previews, which run batches and roll them back. */
@Injectable()
export class PlanReader {
  readonly #runtime: Runtime;
  readonly #planning = new Map<string, Promise<BackfillPlan>>();
  readonly #previewing = new Map<string, Promise<BackfillPreview>>();

  constructor(@Inject(Runtime) runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** Visitors who ask at the same time get the same plan. @throws SteeringRefusal, UnknownBackfillError */
  read(name: string): Promise<BackfillPlan> {
    return shared(this.#planning, name, () => this.#make(name));
  }

  /** Ten rows before and after, the same for visitors who ask at the same time. @throws UnknownBackfillError */
  preview(name: string): Promise<BackfillPreview> {
    return shared(this.#previewing, name, async () => this.#runtime.backfills.preview(name));
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
