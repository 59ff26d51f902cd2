import { Inject, Injectable, Logger } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { BackfillError } from 'nestjs-backfill';
import {
  messageOf,
  NothingToSetError,
  RetryKeysError,
  SettingValueError,
  stackOf,
  UnknownBackfillError,
  UnknownSettingError,
  UnknownTargetError,
} from 'nestjs-backfill/errors';
import { SteeringRefusal } from '../actions/steering.refusal.js';
import { ASSETS_VERSION } from '../assets/assets.js';
import { Exchange, type RawRequest } from '../http/exchange.js';
import { Links } from '../http/links.js';
import { setSecurityHeaders } from '../http/security-headers.js';
import type { DashboardAction } from '../options/dashboard.options.js';
import { accessOf } from '../security/access.guard.js';
import { mayDo, neededRole, type Access } from '../security/access.js';
import { TEXTS } from '../texts.js';
import { messagePage } from '../views/confirm.view.js';
import type { Html } from '../views/html.js';
import type { PageContext } from '../views/page.js';

/** Errors in what a person has filled in. */
const MISTAKES = [
  NothingToSetError,
  RetryKeysError,
  SettingValueError,
  UnknownSettingError,
  UnknownTargetError,
] as const;

/** A problem as a response. */
export interface Problem {
  readonly status: number;
  readonly title: string;
  readonly message: string;
  readonly retryAfter: number | null;
}

/** What a page needs. */
export interface PageRequest {
  /** Null: the gate of the actions checks the role, and writes a refusal to the log. */
  readonly action: DashboardAction | null;
  /** Segments below the path of the dashboard. */
  readonly depth: number;
}

/** What a handler of a page or of the API gets. */
export interface Visit {
  readonly exchange: Exchange;
  readonly access: Access;
}

/** Answers requests in the same way: headers, access, errors. */
@Injectable()
export class DashboardWeb {
  readonly #host: HttpAdapterHost;
  readonly #logger = new Logger('BackfillDashboard');

  constructor(@Inject(HttpAdapterHost) host: HttpAdapterHost) {
    this.#host = host;
  }

  exchange(request: RawRequest, response: unknown): Exchange {
    return new Exchange(request, response, this.#host.httpAdapter);
  }

  pageContext({ exchange, access }: Visit, depth: number): PageContext {
    return { links: new Links(exchange.url.pathname, depth), access, assets: ASSETS_VERSION };
  }

  /** Answers with a page. */
  async page(
    { exchange, access }: Visit,
    { action, depth }: PageRequest,
    render: (context: PageContext) => Promise<Html | null>,
  ): Promise<void> {
    setSecurityHeaders(exchange, 'none');
    const context = this.pageContext({ exchange, access }, depth);
    try {
      if (action !== null) assertMay(access, action);
      const page = await render(context);
      if (page !== null) this.sendPage(exchange, 200, page);
    } catch (error) {
      const { status, title, message, retryAfter } = this.problemOf(error);
      if (retryAfter !== null) exchange.setHeader('Retry-After', String(retryAfter));
      this.sendPage(exchange, status, messagePage(context, title, message));
    }
  }

  sendPage(exchange: Exchange, status: number, page: Html): void {
    exchange.send(status, 'text/html; charset=utf-8', page.toString());
  }

  /** Answers with JSON. */
  async json(
    { exchange, access }: Visit,
    action: DashboardAction | null,
    read: () => unknown,
  ): Promise<void> {
    setSecurityHeaders(exchange, 'none');
    try {
      if (action !== null) assertMay(access, action);
      this.#sendJson(exchange, 200, await read());
    } catch (error) {
      const { status, message, retryAfter } = this.problemOf(error);
      if (retryAfter !== null) exchange.setHeader('Retry-After', String(retryAfter));
      this.#sendJson(exchange, status, { error: { status, message } });
    }
  }

  problemOf(error: unknown): Problem {
    if (error instanceof SteeringRefusal) {
      const title = error.status === 403 ? TEXTS.errors.refused : TEXTS.errors.title;
      return { status: error.status, title, message: error.message, retryAfter: error.retryAfter };
    }
    if (error instanceof UnknownBackfillError)
      return { status: 404, title: TEXTS.errors.notFound, message: error.message, retryAfter: null };
    if (MISTAKES.some((type) => error instanceof type))
      return { status: 422, title: TEXTS.errors.title, message: messageOf(error), retryAfter: null };
    if (error instanceof BackfillError)
      return { status: 409, title: TEXTS.errors.title, message: messageOf(error), retryAfter: null };
    this.#logger.error(stackOf(error));
    return { status: 503, title: TEXTS.errors.title, message: TEXTS.errors.internal, retryAfter: null };
  }

  #sendJson(exchange: Exchange, status: number, value: unknown): void {
    exchange.send(status, 'application/json; charset=utf-8', JSON.stringify(value));
  }
}

/** @throws SteeringRefusal */
function assertMay(access: Access, action: DashboardAction): void {
  if (mayDo(access, action)) return;
  const needed = access.role === null ? TEXTS.errors.noRole : TEXTS.errors.role(neededRole(action));
  throw new SteeringRefusal(403, access.reason ?? needed);
}

export function visitOf(exchange: Exchange): Visit {
  return { exchange, access: accessOf(exchange.request) };
}
