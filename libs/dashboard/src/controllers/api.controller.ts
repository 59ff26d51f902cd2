import { Get, HttpCode, Inject, Post, Req, Res, UseGuards } from '@nestjs/common';
import type { Rehearsal } from '../actions/action.table.js';
import { SteeringGate } from '../actions/steering.gate.js';
import { openApiDocument } from '../api/openapi.document.js';
import type { Exchange, RawRequest } from '../http/exchange.js';
import { readHours, readPart, readQuarantineQuery, readTenantQuery } from '../reading/list-query.js';
import { Readers } from '../reading/readers.js';
import { AccessGuard, Route } from '../security/access.guard.js';
import type { ProofOfOrigin } from '../security/action.check.js';
import { Csrf } from '../security/csrf.js';
import { DashboardWeb, visitOf, type Visit } from './dashboard.web.js';

/** What a token of the API is for: any action of this visitor. */
const API_USE = 'api';

/** The JSON API below the path of the dashboard. */
@UseGuards(AccessGuard)
export class BackfillApiController {
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

  @Get('openapi.json')
  @Route('view')
  openApi(@Req() request: RawRequest, @Res() response: unknown): Promise<void> {
    return this.#read(request, response, () => openApiDocument());
  }

  @Get('overview')
  @Route('view')
  overview(@Req() request: RawRequest, @Res() response: unknown): Promise<void> {
    return this.#read(request, response, () => this.#readers.overview.overview());
  }

  @Get('phases')
  @Route('view')
  phases(@Req() request: RawRequest, @Res() response: unknown): Promise<void> {
    return this.#read(request, response, async () => {
      const { migrations, indexes } = await this.#readers.overview.read();
      return { migrations, indexes };
    });
  }

  @Get('rounds')
  @Route('view')
  rounds(@Req() request: RawRequest, @Res() response: unknown): Promise<void> {
    return this.#read(request, response, () => this.#readers.overview.rounds());
  }

  @Get('token')
  @Route('view')
  token(@Req() request: RawRequest, @Res() response: unknown): Promise<void> {
    return this.#read(request, response, ({ exchange, access: { actor, role } }) => ({
      actor,
      role,
      token: this.#csrf.issue(exchange, { actor, use: API_USE }),
    }));
  }

  @Get('backfills/:name')
  @Route('view')
  backfill(@Req() request: RawRequest, @Res() response: unknown): Promise<void> {
    return this.#read(request, response, ({ exchange }) =>
      this.#readers.backfill.read(exchange.param('name'), readHours(exchange.query)),
    );
  }

  @Get('backfills/:name/tenants')
  @Route('view')
  tenants(@Req() request: RawRequest, @Res() response: unknown): Promise<void> {
    return this.#read(request, response, ({ exchange }) =>
      this.#readers.runtime.records.tenants(exchange.param('name'), readTenantQuery(exchange.query)),
    );
  }

  @Get('backfills/:name/history')
  @Route('view')
  history(@Req() request: RawRequest, @Res() response: unknown): Promise<void> {
    return this.#read(request, response, ({ exchange }) =>
      this.#readers.runtime.records.history(exchange.param('name'), readPart(exchange.query)),
    );
  }

  @Get('backfills/:name/quarantine')
  @Route('view')
  quarantine(@Req() request: RawRequest, @Res() response: unknown): Promise<void> {
    return this.#read(request, response, ({ exchange }) =>
      this.#readers.runtime.records.quarantine(exchange.param('name')),
    );
  }

  @Get('backfills/:name/quarantine/rows')
  @Route('view')
  quarantinedRows(@Req() request: RawRequest, @Res() response: unknown): Promise<void> {
    return this.#read(request, response, ({ exchange }) =>
      this.#readers.runtime.records.quarantinedRows(
        exchange.param('name'),
        readQuarantineQuery(exchange.query),
      ),
    );
  }

  @Get('backfills/:name/samples')
  @Route('view')
  samples(@Req() request: RawRequest, @Res() response: unknown): Promise<void> {
    return this.#read(request, response, ({ exchange }) =>
      this.#readers.runtime.records.samples(exchange.param('name'), { hours: readHours(exchange.query) }),
    );
  }

  @Post('backfills/:name/plan')
  @HttpCode(200)
  @Route('plan')
  plan(@Req() request: RawRequest, @Res() response: unknown): Promise<void> {
    return this.#rehearse(request, response, 'plan', (name) => this.#readers.plan.read(name));
  }

  @Post('backfills/:name/rows')
  @HttpCode(200)
  @Route('rows')
  rows(@Req() request: RawRequest, @Res() response: unknown): Promise<void> {
    return this.#rehearse(request, response, 'rows', (name) => this.#readers.plan.preview(name));
  }

  @Post('backfills/:name/:action')
  @HttpCode(200)
  @Route('param')
  async steer(@Req() request: RawRequest, @Res() response: unknown): Promise<void> {
    const visit = visitOf(this.#web.exchange(request, response));
    const { exchange } = visit;
    await this.#web.json(visit, { action: null, purpose: 'action' }, async () => {
      const done = await this.#gate.pass(exchange, proofOf(exchange));
      return { done, backfill: await this.#readers.backfill.overview(exchange.param('name')) };
    });
  }

  /** The gate checks the role, and writes a refusal to the log. */
  #rehearse<T>(
    request: RawRequest,
    response: unknown,
    action: Rehearsal,
    make: (name: string) => Promise<T>,
  ): Promise<void> {
    const visit = visitOf(this.#web.exchange(request, response));
    const { exchange } = visit;
    return this.#web.json(visit, { action: null, purpose: 'rehearsal' }, () =>
      this.#gate.rehearse(exchange, { action, ...proofOf(exchange) }, () => make(exchange.param('name'))),
    );
  }

  #read(request: RawRequest, response: unknown, read: (visit: Visit) => unknown): Promise<void> {
    const visit = visitOf(this.#web.exchange(request, response));
    return this.#web.json(visit, { action: 'view' }, () => read(visit));
  }
}

function proofOf(exchange: Exchange): ProofOfOrigin {
  return { token: exchange.header('x-csrf-token'), use: API_USE };
}
