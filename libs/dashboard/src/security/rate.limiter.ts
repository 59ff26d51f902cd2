import { Inject, Injectable } from '@nestjs/common';
import { DASHBOARD_SETTINGS, type ResolvedSettings } from '../options/dashboard.options.js';

/** In milliseconds. */
const WINDOW = 60_000;
/** Visitors that are remembered. Beyond that, the one that was seen first is forgotten. */
const MAX_VISITORS = 10_000;

/** Limits the actions of one visitor in a minute, carried out or refused. */
@Injectable()
export class RateLimiter {
  readonly #limit: number;
  readonly #times = new Map<string, number[]>();

  constructor(@Inject(DASHBOARD_SETTINGS) { actionsPerMinute }: ResolvedSettings) {
    this.#limit = actionsPerMinute;
  }

  /** @returns seconds until the next action is allowed; null if this one is */
  take(visitor: string, now = Date.now()): number | null {
    const recent = (this.#times.get(visitor) ?? []).filter((time) => now - time < WINDOW);
    this.#times.delete(visitor);
    this.#times.set(visitor, recent);
    if (this.#times.size > MAX_VISITORS) this.#forgetFirst();
    const [first] = recent;
    if (first !== undefined && recent.length >= this.#limit)
      return Math.ceil((WINDOW - (now - first)) / 1000);
    recent.push(now);
    return null;
  }

  #forgetFirst(): void {
    const [first] = this.#times.keys();
    if (first !== undefined) this.#times.delete(first);
  }
}
