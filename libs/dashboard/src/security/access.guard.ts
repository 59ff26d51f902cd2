import {
  type CanActivate,
  type ExecutionContext,
  ForbiddenException,
  Inject,
  Injectable,
  SetMetadata,
} from '@nestjs/common';
import { isForeign, type RawRequest } from '../http/exchange.js';
import type { DashboardAction } from '../options/dashboard.options.js';
import { isSteering } from '../actions/action.table.js';
import { mayDo, type Access } from './access.js';
import { AccessReader } from './access.reader.js';

const ACTION_KEY = 'nestjs-backfill-dashboard:action';
const accesses = new WeakMap<object, Access>();

/**
 * The action of a route: `param` takes it from the path. `stream` is `view` for a response that is no page, which the
 * guard refuses itself.
 */
export const Route = (action: 'view' | 'plan' | 'rows' | 'param' | 'stream') =>
  SetMetadata(ACTION_KEY, action);

/** Asks `authorize` once for each request. The pages refuse a request themselves, so that a person sees why. */
@Injectable()
export class AccessGuard implements CanActivate {
  readonly #reader: AccessReader;

  constructor(@Inject(AccessReader) reader: AccessReader) {
    this.#reader = reader;
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<RawRequest>();
    const route = Reflect.getMetadata(ACTION_KEY, context.getHandler()) as string | undefined;
    const access = await this.#reader.read(context, actionOf(route, request.params?.['action']));
    if (route === 'stream' && (isForeign(request) || !mayDo(access, 'view'))) throw new ForbiddenException();
    accesses.set(request, access);
    return true;
  }
}

/** A route without metadata is refused as the most powerful action would be. */
function actionOf(route: string | undefined, param: string | undefined): DashboardAction {
  if (route === 'view' || route === 'stream') return 'view';
  if (route === 'plan' || route === 'rows') return route;
  if (route === 'param') return param !== undefined && isSteering(param) ? param : 'view';
  return 'cancel';
}

const NOBODY: Access = { role: null, actor: 'nobody', request: null, reason: null };

export function accessOf(request: object): Access {
  return accesses.get(request) ?? NOBODY;
}
