import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { Exchange } from '../http/exchange.js';
import { DASHBOARD_SETTINGS, type ResolvedSettings } from '../options/dashboard.options.js';

const COOKIE = 'nestjs_backfill_dashboard';
const COOKIE_VALUE = /^[\w-]{43}$/;
/** In milliseconds. */
const MAX_AGE = 3_600_000;

/** What a token is for. */
export interface TokenPurpose {
  readonly actor: string;
  /** E.g. `pause leads-search-name`, or `api` for any action over the API. */
  readonly use: string;
  /** In milliseconds. @default one hour */
  readonly maxAge?: number;
}

/**
 * Tokens that show that a change comes from a page of the dashboard. A token is signed, for one visitor, one browser and
 * one action, and valid for an hour at most. The browser is known by a cookie that other sites cannot make it send.
 */
@Injectable()
export class Csrf {
  readonly #secret: string;

  constructor(@Inject(DASHBOARD_SETTINGS) { secret }: ResolvedSettings) {
    this.#secret = secret;
  }

  /** Returns a token for a form, and gives the browser its cookie. */
  issue(exchange: Exchange, purpose: TokenPurpose): string {
    const session = this.#session(exchange) ?? this.#begin(exchange);
    const issuedAt = Date.now().toString(36);
    return `${issuedAt}.${this.#sign(session, issuedAt, purpose)}`;
  }

  isValid(exchange: Exchange, token: unknown, purpose: TokenPurpose): boolean {
    const session = this.#session(exchange);
    if (session === null || typeof token !== 'string') return false;
    const [issuedAt = '', signature = ''] = token.split('.');
    const age = Date.now() - Number.parseInt(issuedAt, 36);
    if (!(age >= 0 && age <= (purpose.maxAge ?? MAX_AGE))) return false;
    const expected = Buffer.from(this.#sign(session, issuedAt, purpose));
    const given = Buffer.from(signature);
    return given.length === expected.length && timingSafeEqual(given, expected);
  }

  #session(exchange: Exchange): string | null {
    const value = exchange.cookie(COOKIE);
    return value !== null && COOKIE_VALUE.test(value) ? value : null;
  }

  #begin(exchange: Exchange): string {
    const session = randomBytes(32).toString('base64url');
    const secure = exchange.isSecure ? '; Secure' : '';
    exchange.setHeader('Set-Cookie', `${COOKIE}=${session}; Path=/; HttpOnly; SameSite=Strict${secure}`);
    return session;
  }

  #sign(session: string, issuedAt: string, { actor, use }: TokenPurpose): string {
    const text = JSON.stringify([session, issuedAt, actor, use]);
    return createHmac('sha256', this.#secret).update(text).digest('base64url');
  }
}
