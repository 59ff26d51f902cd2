import type { DashboardApp } from './dashboard.ts';

/** An answer of the API. `error`: the message of a problem; undefined if there is none. */
export interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly error: string | undefined;
}

/** A program that uses the API of a dashboard, with a token and its cookie. */
export class ApiClient {
  readonly #root: string;
  readonly headers: Readonly<Record<string, string>>;

  private constructor(root: string, headers: Readonly<Record<string, string>>) {
    this.#root = root;
    this.headers = headers;
  }

  /** @param headers as `authorize` of the application reads them */
  static async open(
    dashboard: DashboardApp,
    headers: Readonly<Record<string, string>> = { 'x-role': 'admin' },
  ): Promise<ApiClient> {
    const response = await dashboard.get('/backfills/api/v1/token', headers);
    const { token = '' } = (await response.json()) as { token?: string };
    const cookie = (response.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
    return new ApiClient(`${dashboard.origin}/backfills/api/v1`, {
      ...headers,
      cookie,
      'x-csrf-token': token,
    });
  }

  /** @param action an action, `plan` or `rows` */
  async post(backfill: string, action: string, body: unknown): Promise<ApiAnswer> {
    const response = await fetch(`${this.#root}/backfills/${backfill}/${action}`, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { ...this.headers, 'content-type': 'application/json' },
    });
    const answer = (await response.json()) as { error?: { message: string } };
    return { status: response.status, body: answer, error: answer.error?.message };
  }
}
