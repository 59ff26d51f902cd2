import { Inject, Injectable } from '@nestjs/common';
import { DASHBOARD_SETTINGS, type ResolvedSettings } from '../options/dashboard.options.js';
import type { Access } from './access.js';

/** In milliseconds. */
const WINDOW = 60_000;
/** Visitors that are remembered. Beyond that, the one that was seen first is forgotten. */
const MAX_VISITORS = 10_000;

/** Who asks for an action. */
export interface LimitedVisitor extends Pick<Access, 'role' | 'actor'> {
  /** Whether a page of another site has sent the request. */
  readonly isForeign?: boolean;
}

/**
 * Limits the actions of one visitor in a minute, carried out or refused. Requests without a role, of another role and
 * of other sites are counted apart: where the name is only an address that many share, they must not use up the
 * operators' actions.
 */
@Injectable()
export class RateLimiter {
  readonly #limit: number;
  readonly #times = new Map<string, number[]>();

  constructor(@Inject(DASHBOARD_SETTINGS) { actionsPerMinute }: ResolvedSettings) {
    this.#limit = actionsPerMinute;
  }

  /** @returns seconds until the next action is allowed; null if this one is */
  take({ role, actor, isForeign = false }: LimitedVisitor, now = Date.now()): number | null {
    const visitor = JSON.stringify([role, actor, isForeign]);
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
