import { Inject, Injectable, Logger } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { BackfillError } from 'nestjs-backfill';
import {
  isDatabaseAway,
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
import { Links, locationOfOverview } from '../http/links.js';
import { setSecurityHeaders } from '../http/security-headers.js';
import {
  DASHBOARD_SETTINGS,
  type DashboardAction,
  type ResolvedSettings,
} from '../options/dashboard.options.js';
import { UnavailableError } from '../reading/unavailable.error.js';
import { accessOf } from '../security/access.guard.js';
import { mayDo, neededRole, type Access } from '../security/access.js';
import { logStack } from '../security/log.text.js';
import { TEXTS } from '../texts.js';
import { sentenceOf } from '../views/format.js';
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

/** Seconds after which a browser or a program may ask again while the database is away. */
const AWAY_SECONDS = 5;

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
  /** What an answer says if the database is away. @default that of a page */
  readonly purpose?: Purpose;
}

/** What a request is for. */
export type Purpose = keyof typeof TEXTS.errors.away;

/** What a handler of a page or of the API gets. */
export interface Visit {
  readonly exchange: Exchange;
  readonly access: Access;
}

/** Answers requests in the same way: headers, access, errors. */
@Injectable()
export class DashboardWeb {
  readonly #host: HttpAdapterHost;
  readonly #settings: ResolvedSettings;
  readonly #logger = new Logger('BackfillDashboard');

  constructor(
    @Inject(HttpAdapterHost) host: HttpAdapterHost,
    @Inject(DASHBOARD_SETTINGS) settings: ResolvedSettings,
  ) {
    this.#host = host;
    this.#settings = settings;
  }

  exchange(request: RawRequest, response: unknown): Exchange {
    return new Exchange(request, response, this.#host.httpAdapter);
  }

  /** Where the path of the dashboard itself leads. */
  locationOfOverview({ url }: Exchange): string {
    return locationOfOverview(url.pathname, this.#settings.publicPath);
  }

  pageContext({ exchange, access }: Visit, depth: number): PageContext {
    return { links: new Links(exchange.url.pathname, depth), access, assets: ASSETS_VERSION };
  }

  /** Answers with a page. */
  async page(
    { exchange, access }: Visit,
    { action, depth, purpose = 'page' }: PageRequest,
    render: (context: PageContext) => Html | Promise<Html | null>,
  ): Promise<void> {
    setSecurityHeaders(exchange, 'none');
    const context = this.pageContext({ exchange, access }, depth);
    try {
      if (action !== null) assertMay(access, action);
      const page = await render(context);
      if (page !== null) this.sendPage(exchange, 200, page);
    } catch (error) {
      const { status, title, message, retryAfter } = this.problemOf(error, purpose);
      if (retryAfter !== null) exchange.setHeader('Retry-After', String(retryAfter));
      // A browser loads the page again, also without JavaScript. Never what it has sent.
      if (status === 503 && purpose === 'page') exchange.setHeader('Refresh', String(AWAY_SECONDS));
      this.sendPage(exchange, status, messagePage(context, title, message));
    }
  }

  sendPage(exchange: Exchange, status: number, page: Html): void {
    exchange.send(status, 'text/html; charset=utf-8', page.toString());
  }

  /** Answers with JSON. */
  async json(
    { exchange, access }: Visit,
    { action, purpose = 'api' }: Pick<PageRequest, 'action' | 'purpose'>,
    read: () => unknown,
  ): Promise<void> {
    setSecurityHeaders(exchange, 'none');
    try {
      if (action !== null) assertMay(access, action);
      this.#sendJson(exchange, 200, await read());
    } catch (error) {
      const { status, message, retryAfter } = this.problemOf(error, purpose);
      if (retryAfter !== null) exchange.setHeader('Retry-After', String(retryAfter));
      this.#sendJson(exchange, status, { error: { status, message } });
    }
  }

  problemOf(error: unknown, purpose: Purpose): Problem {
    const { errors } = TEXTS;
    if (error instanceof SteeringRefusal) {
      const title = error.status === 403 ? errors.refused : errors.title;
      return { status: error.status, title, message: error.message, retryAfter: error.retryAfter };
    }
    const problem = (status: number, title: string, message = messageOf(error)): Problem => ({
      ...{ status, title, message },
      retryAfter: status === 503 ? AWAY_SECONDS : null,
    });
    if (error instanceof UnknownBackfillError) return problem(404, errors.notFound);
    if (MISTAKES.some((type) => error instanceof type)) return problem(422, errors.title);
    if (error instanceof BackfillError) return problem(409, errors.title);
    if (error instanceof UnavailableError || isDatabaseAway(error))
      return problem(503, errors.title, errors.away[purpose](sentenceOf(messageOf(error))));
    this.#logger.error(logStack(stackOf(error)));
    return problem(500, errors.title, errors.internal);
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
