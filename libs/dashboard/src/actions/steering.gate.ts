import { Inject, Injectable } from '@nestjs/common';
import { messageOf } from 'nestjs-backfill/errors';
import type { Exchange } from '../http/exchange.js';
import { accessOf } from '../security/access.guard.js';
import { ActionCheck, type ProofOfOrigin } from '../security/action.check.js';
import { AuditLog, type Attempt } from '../security/audit.log.js';
import { TEXTS } from '../texts.js';
import { isSteering, type Rehearsal, type SteeringAction } from './action.table.js';
import { SteeringRefusal } from './steering.refusal.js';
import { readSteering } from './steering.request.js';
import { SteeringService } from './steering.service.js';

/** The only way to change something or to rehearse a backfill. Each attempt is in the log, with who tried what. */
@Injectable()
export class SteeringGate {
  readonly #steering: SteeringService;
  readonly #check: ActionCheck;
  readonly #audit: AuditLog;

  constructor(
    @Inject(SteeringService) steering: SteeringService,
    @Inject(ActionCheck) check: ActionCheck,
    @Inject(AuditLog) audit: AuditLog,
  ) {
    this.#steering = steering;
    this.#check = check;
    this.#audit = audit;
  }

  /** @throws SteeringRefusal, and the errors of BackfillService */
  async pass(exchange: Exchange, proof: ProofOfOrigin): Promise<SteeringAction> {
    const action = exchange.param('action');
    return this.#attempt(exchange, action, async (attempt) => {
      const { actor: by, backfill: name } = attempt;
      const known = isSteering(action) ? action : null;
      this.#check.assert(exchange, known, proof);
      if (known === null) throw new SteeringRefusal(404, TEXTS.errors.unknownAction);
      const { body } = exchange;
      if (body === null) throw new SteeringRefusal(415, TEXTS.errors.body);
      const asked = readSteering({ action: known, name, by }, body);
      const { request } = accessOf(exchange.request);
      const reason = request === null ? asked.reason : TEXTS.reasonOfRequest(asked.reason, request);
      await this.#steering.carryOut({ ...asked, reason });
      return { result: known, why: reason };
    });
  }

  /**
   * A rehearsal runs batches of the backfill and rolls them back, and shows values of rows. So a page of another site
   * must not be able to begin one.
   *
   * @throws SteeringRefusal, and what the rehearsal throws
   */
  rehearse<T>(
    exchange: Exchange,
    { action, ...proof }: ProofOfOrigin & { readonly action: Rehearsal },
    make: () => Promise<T>,
  ): Promise<T> {
    return this.#attempt(exchange, action, async () => {
      this.#check.assert(exchange, action, proof);
      return { result: await make(), why: null };
    });
  }

  async #attempt<T>(
    exchange: Exchange,
    action: string,
    carryOut: (attempt: Attempt) => Promise<{ readonly result: T; readonly why: string | null }>,
  ): Promise<T> {
    const { actor, role } = accessOf(exchange.request);
    const attempt: Attempt = {
      action,
      backfill: exchange.param('name'),
      actor,
      role,
      address: exchange.address,
    };
    try {
      const { result, why } = await carryOut(attempt);
      this.#audit.done(attempt, why);
      return result;
    } catch (error) {
      this.#audit.refused(attempt, messageOf(error).split('\n')[0] ?? '');
      throw error;
    }
  }
}
