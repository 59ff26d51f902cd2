import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { IsNull } from 'typeorm';
import { DashboardApp } from '../support/applications/dashboard.ts';
import { addLeads, Lead } from '../support/tables/lead-tables.ts';

@Backfill<Lead>({ name: 'names', entity: Lead, where: { searchName: IsNull() } })
class Names implements SetBackfill<Lead> {
  set() {
    return { searchName: 'lower(name)' };
  }
}

describe('on Fastify, behind a global prefix', () => {
  let dashboard: DashboardApp;

  beforeAll(async () => {
    dashboard = await DashboardApp.start({
      backfills: [Names],
      adapter: new FastifyAdapter(),
      prefix: 'ops',
    });
    await addLeads(dashboard.database, 3);
    await dashboard.service.run({ maxDurationMs: 0 });
  });
  afterAll(() => dashboard.stop());

  it('the pages, their files, the actions and the API work', async () => {
    const root = await dashboard.get('/ops/backfills');
    expect(root.headers.get('location')).toBe('./backfills/overview');
    const page = await dashboard.get('/ops/backfills/overview');
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    const text = await page.text();
    for (const [, link = ''] of text.matchAll(/(?:href|src|data-api)="(\.[^"]+)"/g))
      expect({ link, status: (await dashboard.get(new URL(link, page.url).pathname)).status }).toEqual({
        link,
        status: 200,
      });
    const paused = await dashboard.steer('/ops/backfills/b/names/confirm/pause', { reason: 'night' });
    expect(new URL(paused.headers.get('location') ?? '', paused.url).pathname).toBe('/ops/backfills/b/names');
    const answer = await (await dashboard.get('/ops/backfills/api/v1/overview')).json();
    expect(answer).toMatchObject({ backfills: [{ name: 'names', status: 'paused' }] });
  });

  it('a stream says when something changes, and its end does not keep the application from closing', async () => {
    const stop = new AbortController();
    const response = await fetch(`${dashboard.origin}/ops/backfills/live`, {
      headers: { 'x-role': 'viewer' },
      signal: stop.signal,
    });
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    let received = '';
    const decoder = new TextDecoder();
    for await (const part of response.body as unknown as AsyncIterable<Uint8Array>) {
      received += decoder.decode(part);
      if (received.includes('event: changed')) break;
    }
    expect(received).toMatch(/event: opened[^]*event: changed/);
    const open = await fetch(`${dashboard.origin}/ops/backfills/live`, { headers: { 'x-role': 'viewer' } });
    const ended = open.text();
    await dashboard.app.close();
    expect(await ended).toContain('event: opened');
  });
});
