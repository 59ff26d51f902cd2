import { Inject, Injectable } from '@nestjs/common';
import { SteeringRefusal } from '../actions/steering.refusal.js';
import type { Exchange } from '../http/exchange.js';
import type { DashboardAction } from '../options/dashboard.options.js';
import { TEXTS } from '../texts.js';
import { accessOf } from './access.guard.js';
import { mayDo, neededRole } from './access.js';
import { Csrf } from './csrf.js';
import { RateLimiter } from './rate.limiter.js';

/** How a request shows that it comes from a page of the dashboard, or from a program with its token. */
export interface ProofOfOrigin {
  readonly token: unknown;
  /** What the token must be for. */
  readonly use: string;
}

/** What a request must pass before it changes something or makes the database work. */
@Injectable()
export class ActionCheck {
  readonly #limiter: RateLimiter;
  readonly #csrf: Csrf;

  constructor(@Inject(RateLimiter) limiter: RateLimiter, @Inject(Csrf) csrf: Csrf) {
    this.#limiter = limiter;
    this.#csrf = csrf;
  }

  /**
   * Checks the limit, the action, the role and the origin, in this order.
   *
   * @param action null: there is no such action
   * @throws SteeringRefusal
   */
  assert(exchange: Exchange, action: DashboardAction | null, { token, use }: ProofOfOrigin): void {
    const access = accessOf(exchange.request);
    const { isForeign } = exchange;
    const seconds = this.#limiter.take({ ...access, isForeign });
    if (seconds !== null) throw new SteeringRefusal(429, TEXTS.errors.rate(seconds), seconds);
    if (action === null) throw new SteeringRefusal(404, TEXTS.errors.unknownAction);
    if (access.role === null) throw new SteeringRefusal(403, access.reason ?? TEXTS.errors.noRole);
    if (!mayDo(access, action)) throw new SteeringRefusal(403, TEXTS.errors.role(neededRole(action)));
    if (isForeign || !this.#csrf.isValid(exchange, token, { actor: access.actor, use }))
      throw new SteeringRefusal(403, TEXTS.errors.csrf);
  }
}
