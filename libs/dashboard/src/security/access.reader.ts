import { type ExecutionContext, Inject, Injectable, Logger } from '@nestjs/common';
import { messageOf } from 'nestjs-backfill/errors';
import type { RawRequest } from '../http/exchange.js';
import {
  DASHBOARD_SETTINGS,
  type DashboardAction,
  type DashboardVisitor,
  type ResolvedSettings,
} from '../options/dashboard.options.js';
import { isRole, type Access } from './access.js';
import { logText } from './log.text.js';

const LOCAL_ADDRESSES = /^(?:127\.\d+\.\d+\.\d+|::1|::ffff:127\.\d+\.\d+\.\d+)$/;
const LOCAL_HOSTS = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/;
const MAX_ACTOR = 200;
const MAX_REQUEST = 100;
const ONLY_LOCAL =
  'Without `authorize`, the dashboard answers only requests of this machine to localhost. Give BackfillDashboardModule.forRoot the option `authorize`.';

/** Finds out who sends a request, and with which role. */
@Injectable()
export class AccessReader {
  readonly #settings: ResolvedSettings;
  readonly #logger = new Logger('BackfillDashboard');

  constructor(@Inject(DASHBOARD_SETTINGS) settings: ResolvedSettings) {
    this.#settings = settings;
  }

  /** Never throws: an error of `authorize` refuses the request. */
  async read(context: ExecutionContext, action: DashboardAction): Promise<Access> {
    const request = context.switchToHttp().getRequest<RawRequest>();
    const { authorize } = this.#settings;
    if (authorize === null) return localAccess(request);
    try {
      const answer = await authorize(context, action);
      const visitor: Partial<DashboardVisitor> =
        typeof answer === 'object' && answer !== null ? answer : isRole(answer) ? { role: answer } : {};
      const actor = actorOf(request, visitor.actor);
      const id = typeof visitor.request === 'string' ? oneLine(visitor.request, MAX_REQUEST) : '';
      const role = isRole(visitor.role) ? visitor.role : null;
      return { role, actor, request: id === '' ? null : id, reason: null };
    } catch (error) {
      this.#logger.error(`authorize has failed: ${logText(messageOf(error))}`);
      return { role: null, actor: actorOf(request, undefined), request: null, reason: null };
    }
  }
}

/** A proxy on the same machine must not open the dashboard to everybody, nor a page of another site by a name for it. */
function localAccess(request: RawRequest): Access {
  const { headers, socket } = request;
  const isForwarded = Object.keys(headers).some((name) => /^(?:x-forwarded-|forwarded$|via$)/.test(name));
  const isLocal =
    !isForwarded &&
    LOCAL_ADDRESSES.test(socket?.remoteAddress ?? '') &&
    LOCAL_HOSTS.test(String(headers['host'] ?? ''));
  return {
    role: isLocal ? 'admin' : null,
    actor: actorOf(request, undefined),
    request: null,
    reason: isLocal ? null : ONLY_LOCAL,
  };
}

function actorOf(request: RawRequest, given: string | undefined): string {
  const named = given ?? nameOf(request.user) ?? `dashboard visitor at ${addressOf(request)}`;
  return oneLine(named, MAX_ACTOR);
}

/** What the ledger and the log get. */
function oneLine(text: string, max: number): string {
  return text
    .replace(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, max);
}

function addressOf({ ip, socket }: RawRequest): string {
  return ip ?? socket?.remoteAddress ?? 'an unknown address';
}

function nameOf(user: unknown): string | null {
  if (typeof user === 'string' && user !== '') return user;
  if (typeof user !== 'object' || user === null) return null;
  for (const property of ['email', 'username', 'name', 'sub', 'id']) {
    const value = (user as Record<string, unknown>)[property];
    if ((typeof value === 'string' && value !== '') || typeof value === 'number') return String(value);
  }
  return null;
}
