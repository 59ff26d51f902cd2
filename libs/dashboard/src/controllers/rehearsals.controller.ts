import { Get, HttpCode, Inject, Post, Req, Res, UseGuards } from '@nestjs/common';
import type { Rehearsal } from '../actions/action.table.js';
import { SteeringGate } from '../actions/steering.gate.js';
import type { RawRequest } from '../http/exchange.js';
import { Readers } from '../reading/readers.js';
import { AccessGuard, Route } from '../security/access.guard.js';
import { Csrf } from '../security/csrf.js';
import type { Html } from '../views/html.js';
import { planPage } from '../views/lists/plan.view.js';
import { previewPage } from '../views/lists/preview.view.js';
import { rehearsalPage } from '../views/lists/rehearsal.view.js';
import type { PageContext } from '../views/page.js';
import { DashboardWeb, visitOf } from './dashboard.web.js';

/**
 * The pages of the plan and of the rows before and after. Both run batches and roll them back, so a link only leads to a
 * page with a button, and the button sends a token.
 */
@UseGuards(AccessGuard)
export class BackfillRehearsalsController {
  readonly #web: DashboardWeb;
  readonly #readers: Readers;
  readonly #gate: SteeringGate;
  readonly #csrf: Csrf;

  constructor(
    @Inject(DashboardWeb) web: DashboardWeb,
    @Inject(Readers) readers: Readers,
    @Inject(SteeringGate) gate: SteeringGate,
    @Inject(Csrf) csrf: Csrf,
  ) {
    this.#web = web;
    this.#readers = readers;
    this.#gate = gate;
    this.#csrf = csrf;
  }

  @Get('b/:name/plan')
  @Route('plan')
  askForPlan(@Req() request: RawRequest, @Res() response: unknown): Promise<void> {
    return this.#ask(request, response, 'plan');
  }

  @Get('b/:name/rows')
  @Route('rows')
  askForRows(@Req() request: RawRequest, @Res() response: unknown): Promise<void> {
    return this.#ask(request, response, 'rows');
  }

  @Post('b/:name/plan')
  @HttpCode(200)
  @Route('plan')
  plan(@Req() request: RawRequest, @Res() response: unknown): Promise<void> {
    return this.#make(request, response, 'plan', async (context, name) =>
      planPage(context, await this.#readers.plan.read(name)),
    );
  }

  @Post('b/:name/rows')
  @HttpCode(200)
  @Route('rows')
  rows(@Req() request: RawRequest, @Res() response: unknown): Promise<void> {
    return this.#make(request, response, 'rows', async (context, name) =>
      previewPage(context, await this.#readers.plan.preview(name)),
    );
  }

  #ask(request: RawRequest, response: unknown, action: Rehearsal): Promise<void> {
    const visit = visitOf(this.#web.exchange(request, response));
    const { exchange, access } = visit;
    return this.#web.page(visit, { action, depth: 3 }, (context) => {
      const { name } = this.#readers.runtime.records.declaration(exchange.param('name'));
      const token = this.#csrf.issue(exchange, { actor: access.actor, use: `${action} ${name}` });
      return rehearsalPage(context, { action, name, token });
    });
  }

  /** The gate checks the role, and writes a refusal to the log. */
  #make(
    request: RawRequest,
    response: unknown,
    action: Rehearsal,
    make: (context: PageContext, name: string) => Promise<Html>,
  ): Promise<void> {
    const visit = visitOf(this.#web.exchange(request, response));
    const { exchange } = visit;
    const name = exchange.param('name');
    return this.#web.page(visit, { action: null, depth: 3, purpose: 'rehearsal' }, (context) => {
      const proof = { action, token: exchange.body?.['csrf'], use: `${action} ${name}` };
      return this.#gate.rehearse(exchange, proof, () => make(context, name));
    });
  }
}
