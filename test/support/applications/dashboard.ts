import { request } from 'node:http';
import type { INestApplication, LoggerService, Type } from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import { BackfillModule, BackfillService } from 'nestjs-backfill';
import { BackfillDashboardModule, type DashboardOptions } from 'nestjs-backfill-dashboard';
import { dataSourceModule } from './application.ts';
import { TestDatabase } from '../server/database.ts';
import { LEAD_TABLES } from '../tables/lead-tables.ts';

export interface DashboardAppOptions {
  readonly backfills: readonly Type[];
  readonly dashboard?: DashboardOptions;
  readonly adapter?: AbstractHttpAdapter;
  readonly prefix?: string;
  /** @default none */
  readonly logger?: LoggerService;
}

/** The role and the name that the tests send, as a guard of an application would set them. */
export const authorizeByHeader: NonNullable<DashboardOptions['authorize']> = (context) => {
  const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string | undefined> }>();
  const role = headers['x-role'];
  return role === 'viewer' || role === 'operator' || role === 'admin'
    ? { role, actor: headers['x-actor'] ?? 'ada' }
    : null;
};

/** An application with a dashboard, and a browser without JavaScript that visits it. */
export class DashboardApp {
  readonly database: TestDatabase;
  readonly app: INestApplication;
  readonly origin: string;
  readonly service: BackfillService;

  private constructor(database: TestDatabase, app: INestApplication, origin: string) {
    this.database = database;
    this.app = app;
    this.origin = origin;
    this.service = app.get(BackfillService);
  }

  static async start(options: DashboardAppOptions): Promise<DashboardApp> {
    const { backfills, dashboard = { authorize: authorizeByHeader }, prefix } = options;
    const database = await TestDatabase.create();
    const module = await Test.createTestingModule({
      imports: [
        dataSourceModule(database, LEAD_TABLES),
        BackfillModule.forRoot({ defaults: { pause: 0 } }),
        BackfillDashboardModule.forRoot(dashboard),
      ],
      providers: [...backfills],
    }).compile();
    const app = module.createNestApplication(options.adapter ?? new ExpressAdapter(), {
      logger: options.logger ?? ['fatal'],
    });
    if (prefix !== undefined) app.setGlobalPrefix(prefix);
    await app.listen(0, '127.0.0.1');
    const { port } = new URL((await app.getUrl()).replace('[::1]', '127.0.0.1'));
    return new DashboardApp(database, app, `http://127.0.0.1:${port}`);
  }

  get(path: string, headers: Record<string, string> = { 'x-role': 'admin' }): Promise<Response> {
    return fetch(`${this.origin}${path}`, { headers, redirect: 'manual' });
  }

  /** With headers that fetch() does not let a program set, e.g. `host`. */
  rawGet(
    path: string,
    headers: Record<string, string>,
  ): Promise<{ readonly status: number; readonly text: string }> {
    return new Promise((resolve, reject) => {
      request(`${this.origin}${path}`, { headers }, (response) => {
        void response.toArray().then(
          (parts) =>
            resolve({
              status: response.statusCode ?? 0,
              text: Buffer.concat(parts as Buffer[]).toString(),
            }),
          reject,
        );
      })
        .on('error', reject)
        .end();
    });
  }

  async text(path: string, headers?: Record<string, string>): Promise<string> {
    return (await this.get(path, headers)).text();
  }

  /** Opens the form of an action, fills it in and sends it, as a browser without JavaScript does. */
  async steer(
    form: string,
    fields: Readonly<Record<string, string>>,
    headers: Record<string, string> = { 'x-role': 'admin' },
  ): Promise<Response> {
    const page = await this.get(form, headers);
    const text = await page.text();
    const [, action = ''] = /<form method="post" action="([^"]+)"/.exec(text) ?? [];
    const [, csrf = ''] = /name="csrf" value="([^"]+)"/.exec(text) ?? [];
    const cookie = (page.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
    return fetch(new URL(action, page.url), {
      method: 'POST',
      redirect: 'manual',
      headers: { ...headers, cookie },
      body: new URLSearchParams({ csrf, ...fields }),
    });
  }

  /** Opens the page of the plan or of the rows, and presses its button. @returns the page with the result */
  async rehearse(page: string, headers?: Record<string, string>): Promise<string> {
    return (await this.steer(page, {}, headers)).text();
  }

  async stop(): Promise<void> {
    await this.app.close();
    await this.database.drop();
  }
}
