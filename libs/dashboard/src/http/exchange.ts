import type { AbstractHttpAdapter } from '@nestjs/core';

/** The parts of a request that Express and Fastify share. */
export interface RawRequest {
  readonly method: string;
  readonly url: string;
  readonly originalUrl?: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly params?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
  readonly ip?: string;
  readonly user?: unknown;
  readonly socket?: { readonly remoteAddress?: string; readonly encrypted?: boolean };
}

/** Whether a page of another site has sent the request. Programs and old browsers do not say it. */
export function isForeign({ headers }: Pick<RawRequest, 'headers'>): boolean {
  const site = headers['sec-fetch-site'];
  return site !== undefined && site !== '' && site !== 'same-origin' && site !== 'none';
}

/** A request and its response, the same on each HTTP adapter of Nest. */
export class Exchange {
  readonly request: RawRequest;
  readonly #response: unknown;
  readonly #adapter: AbstractHttpAdapter;
  /** The path and the query as the application sees them. */
  readonly url: URL;

  constructor(request: RawRequest, response: unknown, adapter: AbstractHttpAdapter) {
    this.request = request;
    this.#response = response;
    this.#adapter = adapter;
    // The host is not used. A path that begins with two slashes would be taken for a host.
    const path = (request.originalUrl ?? request.url).replace(/^\/+/, '/');
    this.url = new URL(`http://dashboard${path}`);
  }

  get query(): URLSearchParams {
    return this.url.searchParams;
  }

  param(name: string): string {
    return this.request.params?.[name] ?? '';
  }

  header(name: string): string {
    const value = this.request.headers[name];
    return (Array.isArray(value) ? value[0] : value) ?? '';
  }

  /** The fields of the body: of a form, or of a JSON object. Null if the application has not parsed a body. */
  get body(): Readonly<Record<string, unknown>> | null {
    const { body } = this.request;
    return typeof body === 'object' && body !== null && !Array.isArray(body)
      ? (body as Record<string, unknown>)
      : null;
  }

  cookie(name: string): string | null {
    for (const part of this.header('cookie').split(';')) {
      const [key, ...value] = part.trim().split('=');
      if (key === name) return value.join('=');
    }
    return null;
  }

  get isForeign(): boolean {
    return isForeign(this.request);
  }

  /** The address of the client, as the application trusts it. */
  get address(): string {
    return this.request.ip ?? this.request.socket?.remoteAddress ?? 'unknown';
  }

  get isSecure(): boolean {
    const forwarded = this.header('x-forwarded-proto').split(',')[0]?.trim();
    return forwarded === 'https' || this.request.socket?.encrypted === true;
  }

  setHeader(name: string, value: string): void {
    this.#adapter.setHeader(this.#response, name, value);
  }

  send(status: number, type: string, body: string): void {
    this.setHeader('Content-Type', type);
    this.#adapter.reply(this.#response, body, status);
  }

  /** @param location relative to the URL of the request */
  redirect(location: string): void {
    this.setHeader('Location', location);
    this.send(303, 'text/plain; charset=utf-8', '');
  }
}
