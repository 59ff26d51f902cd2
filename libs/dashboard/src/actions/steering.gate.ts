import { Inject, Injectable } from '@nestjs/common';
import { messageOf } from 'nestjs-backfill/errors';
import type { Exchange } from '../http/exchange.js';
import { accessOf } from '../security/access.guard.js';
import { mayDo, neededRole } from '../security/access.js';
import { AuditLog, type Attempt } from '../security/audit.log.js';
import { Csrf } from '../security/csrf.js';
import { RateLimiter } from '../security/rate.limiter.js';
import { TEXTS } from '../texts.js';
import { isSteering, type SteeringAction } from './action.table.js';
import { SteeringRefusal } from './steering.refusal.js';
import { readSteering, type SteeringRequest } from './steering.request.js';
import { SteeringService } from './steering.service.js';

/** How a request shows that it comes from a page of the dashboard. */
export interface ProofOfOrigin {
  readonly token: unknown;
  /** @default the action and the backfill */
  readonly use?: string;
}

/** The only way to change something: rate limit, role, token and reason are checked in this order. */
@Injectable()
export class SteeringGate {
  readonly #steering: SteeringService;
  readonly #limiter: RateLimiter;
  readonly #csrf: Csrf;
  readonly #audit: AuditLog;

  constructor(
    @Inject(SteeringService) steering: SteeringService,
    @Inject(RateLimiter) limiter: RateLimiter,
    @Inject(Csrf) csrf: Csrf,
    @Inject(AuditLog) audit: AuditLog,
  ) {
    this.#steering = steering;
    this.#limiter = limiter;
    this.#csrf = csrf;
    this.#audit = audit;
  }

  /** @throws SteeringRefusal, and the errors of BackfillService. Each is in the log, with who tried what */
  async pass(exchange: Exchange, proof: ProofOfOrigin): Promise<SteeringAction> {
    const { actor, role } = accessOf(exchange.request);
    const [action, name] = [exchange.param('action'), exchange.param('name')];
    const attempt: Attempt = { action, backfill: name, actor, role, address: exchange.address };
    try {
      const request = this.#check(exchange, proof, attempt);
      await this.#steering.carryOut(request);
      this.#audit.done(attempt);
      return request.action;
    } catch (error) {
      this.#audit.refused(attempt, reasonOf(error));
      throw error;
    }
  }

  #check(exchange: Exchange, { token, use }: ProofOfOrigin, attempt: Attempt): SteeringRequest {
    const { action, backfill: name, actor } = attempt;
    const access = accessOf(exchange.request);
    const site = exchange.header('sec-fetch-site');
    const isForeign = site !== '' && site !== 'same-origin' && site !== 'none';
    const seconds = this.#limiter.take({ ...access, isForeign });
    if (seconds !== null) throw new SteeringRefusal(429, TEXTS.errors.rate(seconds), seconds);
    if (!isSteering(action)) throw new SteeringRefusal(404, TEXTS.errors.unknownAction);
    if (access.role === null) throw new SteeringRefusal(403, access.reason ?? TEXTS.errors.noRole);
    if (!mayDo(access, action)) throw new SteeringRefusal(403, TEXTS.errors.role(neededRole(action)));
    if (isForeign || !this.#csrf.isValid(exchange, token, { actor, use: use ?? `${action} ${name}` }))
      throw new SteeringRefusal(403, TEXTS.errors.csrf);
    const { body } = exchange;
    if (body === null) throw new SteeringRefusal(415, TEXTS.errors.body);
    return readSteering({ action, name, by: actor }, body);
  }
}

function reasonOf(error: unknown): string {
  return (messageOf(error).split('\n')[0] ?? '').replace(/[.]$/, '').slice(0, 300);
}
