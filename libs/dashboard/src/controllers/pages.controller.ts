import { Get, Inject, Post, Req, Res, UseGuards } from '@nestjs/common';
import type { BackfillStatus } from 'nestjs-backfill';
import { isSteering, offeredActions, type SteeringAction } from '../actions/action.table.js';
import { SteeringGate } from '../actions/steering.gate.js';
import { SteeringRefusal } from '../actions/steering.refusal.js';
import type { RawRequest } from '../http/exchange.js';
import { readHours, readPart, readQuarantineQuery, readTenantQuery } from '../reading/list-query.js';
import { Readers } from '../reading/readers.js';
import { AccessGuard, Route } from '../security/access.guard.js';
import { Csrf, type TokenPurpose } from '../security/csrf.js';
import { TEXTS } from '../texts.js';
import { backfillPage } from '../views/backfill.view.js';
import { confirmPage, type Confirmation } from '../views/confirm.view.js';
import type { Html } from '../views/html.js';
import type { PageContext } from '../views/page.js';
import { historyPage, tenantsPage } from '../views/lists/list-pages.view.js';
import { quarantinePage } from '../views/lists/quarantine.view.js';
import { overviewPage } from '../views/overview.view.js';
import { DashboardWeb, visitOf, type Visit } from './dashboard.web.js';

/** The pages below the path of the dashboard. */
@UseGuards(AccessGuard)
export class BackfillPagesController {
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

  @Get()
  @Route('view')
  root(@Req() request: RawRequest, @Res() response: unknown): void {
    const exchange = this.#web.exchange(request, response);
    exchange.redirect(this.#web.locationOfOverview(exchange));
  }

  @Get('overview')
  @Route('view')
  async overview(@Req() request: RawRequest, @Res() response: unknown): Promise<void> {
    const visit = visitOf(this.#web.exchange(request, response));
    await this.#web.page(visit, { action: 'view', depth: 1 }, async (context) =>
      overviewPage(context, await this.#readers.overview.read()),
    );
  }

  @Get('b/:name')
  @Route('view')
  async backfill(@Req() request: RawRequest, @Res() response: unknown): Promise<void> {
    const visit = visitOf(this.#web.exchange(request, response));
    const { exchange } = visit;
    const name = exchange.param('name');
    await this.#web.page(visit, { action: 'view', depth: 2 }, async (context) =>
      backfillPage(
        context,
        await this.#readers.backfill.read(name, readHours(exchange.query)),
        this.#doneOf(visit, name),
      ),
    );
  }

  @Get('b/:name/tenants')
  @Route('view')
  async tenants(@Req() request: RawRequest, @Res() response: unknown): Promise<void> {
    const visit = visitOf(this.#web.exchange(request, response));
    const name = visit.exchange.param('name');
    const query = readTenantQuery(visit.exchange.query);
    const { records } = this.#readers.runtime;
    await this.#web.page(visit, { action: 'view', depth: 3 }, async (context) =>
      tenantsPage(context, name, await records.tenants(name, query), query),
    );
  }

  @Get('b/:name/history')
  @Route('view')
  async history(@Req() request: RawRequest, @Res() response: unknown): Promise<void> {
    const visit = visitOf(this.#web.exchange(request, response));
    const name = visit.exchange.param('name');
    const part = readPart(visit.exchange.query);
    const { records } = this.#readers.runtime;
    await this.#web.page(visit, { action: 'view', depth: 3 }, async (context) =>
      historyPage(context, name, await records.history(name, part), part),
    );
  }

  @Get('b/:name/quarantine')
  @Route('view')
  async quarantine(@Req() request: RawRequest, @Res() response: unknown): Promise<void> {
    const visit = visitOf(this.#web.exchange(request, response));
    const name = visit.exchange.param('name');
    const query = readQuarantineQuery(visit.exchange.query);
    const { records } = this.#readers.runtime;
    await this.#web.page(visit, { action: 'view', depth: 3 }, async (context) =>
      quarantinePage(context, {
        name,
        isDeclared: this.#readers.backfill.isDeclared(name),
        page: await records.quarantinedRows(name, query),
        query,
      }),
    );
  }

  @Get('b/:name/confirm/:action')
  @Route('param')
  async confirm(@Req() request: RawRequest, @Res() response: unknown): Promise<void> {
    const visit = visitOf(this.#web.exchange(request, response));
    const { exchange } = visit;
    const [name, action] = [exchange.param('name'), exchange.param('action')];
    const needed = isSteering(action) ? action : 'view';
    await this.#web.page(visit, { action: needed, depth: 4 }, async (context) => {
      assertSteering(action);
      const overview = await this.#readers.backfill.overview(name);
      if (!overview.declared) throw new SteeringRefusal(409, TEXTS.removed.noAction(name));
      const keys = exchange.query.getAll('key').join('\n');
      const isOfChosen = keys !== '' || exchange.query.get('rows') === 'chosen';
      const filled = { keys, rows: isOfChosen ? 'chosen' : 'all' };
      const noneChosen = isOfChosen && keys === '' ? TEXTS.confirm.noneChosen : null;
      const problem = whyNotOffered(action, overview) ?? noneChosen;
      return this.#form(visit, context, { action, overview, problem, filled });
    });
  }

  @Post('b/:name/:action')
  @Route('param')
  async steer(@Req() request: RawRequest, @Res() response: unknown): Promise<void> {
    const visit = visitOf(this.#web.exchange(request, response));
    const { exchange } = visit;
    const { name, action } = { name: exchange.param('name'), action: exchange.param('action') };
    // The gate refuses a visitor who may not do it, so that the refusal is in the log.
    await this.#web.page(visit, { action: null, depth: 3, purpose: 'action' }, async (context) => {
      try {
        const done = await this.#gate.pass(exchange, {
          token: exchange.body?.['csrf'],
          use: `${action} ${name}`,
        });
        const proof = this.#csrf.issue(exchange, doneBy(visit, done, name));
        exchange.redirect(context.links.to(['b', name], { done, proof }));
        return null;
      } catch (error) {
        const { status, message } = this.#web.problemOf(error, 'action');
        // A mistake in the form is shown with what the person has filled in.
        if (!isSteering(action) || ![400, 409, 422].includes(status)) throw error;
        const overview = await this.#readers.backfill.overview(name);
        const filled = textFields(exchange.body ?? {});
        const page = await this.#form(visit, context, { action, overview, problem: message, filled });
        this.#web.sendPage(exchange, status, page);
        return null;
      }
    });
  }

  /** What this visitor has just done, as a sentence. A link of another person could say anything. */
  #doneOf(visit: Visit, name: string): string | null {
    const { exchange } = visit;
    const done = exchange.query.get('done') ?? '';
    if (!isSteering(done)) return null;
    const isProved = this.#csrf.isValid(exchange, exchange.query.get('proof'), doneBy(visit, done, name));
    return isProved ? TEXTS.actions[done].done : null;
  }

  /** The form of an action, with a new token. */
  async #form(
    { exchange, access: { actor } }: Visit,
    context: PageContext,
    form: Omit<Confirmation, 'token' | 'pace'>,
  ): Promise<Html> {
    const { name } = form.overview;
    const token = this.#csrf.issue(exchange, { actor, use: `${form.action} ${name}` });
    const pace = form.action === 'set' ? await this.#readers.backfill.pace(name) : [];
    return confirmPage(context, { ...form, token, pace });
  }
}

/** Short, so that a page that is loaded again later does not say it of a state that has changed. */
const DONE_MS = 60_000;

/** The token of the page after an action, which is good for no action. */
function doneBy({ access: { actor } }: Visit, done: SteeringAction, name: string): TokenPurpose {
  return { actor, use: `done ${done} ${name}`, maxAge: DONE_MS };
}

function assertSteering(action: string): asserts action is SteeringAction {
  if (!isSteering(action)) throw new SteeringRefusal(404, TEXTS.errors.unknownAction);
}

/** Null if the page of the backfill offers the action. A form may be opened after another person has acted. */
function whyNotOffered(
  action: SteeringAction,
  overview: { readonly status: BackfillStatus; readonly quarantined: number },
): string | null {
  if (offeredActions(overview).includes(action)) return null;
  const status = TEXTS.states[overview.status].name;
  const isHeld = overview.status === 'paused' || overview.status === 'cancelled';
  const starts = action === 'run' || action === 'retry';
  return isHeld && starts ? TEXTS.errors.held(status) : TEXTS.errors.notOffered(status);
}

function textFields(body: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(body).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
