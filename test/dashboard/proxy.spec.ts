import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { IsNull } from 'typeorm';
import { authorizeByHeader, DashboardApp } from '../support/applications/dashboard.ts';
import { addLeads, Lead } from '../support/tables/lead-tables.ts';

@Backfill<Lead>({ name: 'names', entity: Lead, where: { searchName: IsNull() }, tenant: 'tenantId' })
class Names implements SetBackfill<Lead> {
  set() {
    return { searchName: `CASE WHEN name = 'Lead 7' THEN name::int::text ELSE lower(name) END` };
  }
}

/** How a proxy maps the path that people use to that of the application. */
interface Mapping {
  readonly outside: string;
  readonly inside: string;
}

/** A proxy that replaces a prefix, as `location /ops/crm/ { proxy_pass http://app/; }` of nginx does. */
function proxyTo(origin: string, { outside, inside }: Mapping): Promise<Server> {
  const server = createServer((incoming, outgoing) => {
    const { url = '/', method, headers } = incoming;
    const rest = url.slice(outside.length);
    if (!url.startsWith(outside) || !/^(?:$|[/?])/.test(rest)) return void outgoing.writeHead(404).end();
    const forwarded = request(`${origin}${inside}${rest}`, { method, headers }, (response) => {
      outgoing.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(outgoing);
    });
    forwarded.on('error', () => outgoing.destroy());
    outgoing.on('close', () => forwarded.destroy());
    incoming.pipe(forwarded);
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

interface Setting {
  readonly title: string;
  readonly mapping: Mapping;
  readonly prefix?: string;
  readonly publicPath?: string;
}
const PREFIX = { outside: '/ops/crm', inside: '' };

describe.each<Setting>([
  { title: 'that takes a prefix off', mapping: PREFIX },
  {
    title: 'that takes a prefix off, in an application with a global prefix',
    mapping: PREFIX,
    prefix: 'internal',
  },
  {
    title: 'that gives its last segment another name, with the option publicPath',
    mapping: { outside: '/ops/jobs', inside: '/backfills' },
    publicPath: '/ops/jobs',
  },
])('the dashboard behind a proxy $title', ({ mapping, prefix, publicPath }) => {
  let dashboard: DashboardApp;
  let proxy: Server;
  let root: string;
  const headers = { 'x-role': 'admin' };
  const get = (path: string) => fetch(`${root}${path}`, { headers });

  beforeAll(async () => {
    dashboard = await DashboardApp.start({
      backfills: [Names],
      dashboard: { authorize: authorizeByHeader, ...(publicPath ? { publicPath } : {}) },
      ...(prefix ? { prefix } : {}),
    });
    await addLeads(dashboard.database, 12, 3);
    await dashboard.service.run();
    proxy = await proxyTo(dashboard.origin, mapping);
    const { port } = proxy.address() as AddressInfo;
    const inside = `${prefix ? `/${prefix}` : ''}/backfills`;
    const path = mapping.inside === '' ? `${mapping.outside}${inside}` : mapping.outside;
    root = `http://127.0.0.1:${port}${path}`;
  });
  afterAll(async () => {
    proxy.closeAllConnections();
    proxy.close();
    await dashboard.stop();
  });

  it('leads every link, file and form of every page to an address below the prefix that answers', async () => {
    const seen = new Set<string>();
    const queue = [root, `${root}/`];
    for (let url = queue.pop(); url !== undefined; url = queue.pop()) {
      if (seen.has(url)) continue;
      seen.add(url);
      const response = await fetch(url, { headers });
      expect({ url, status: response.status }).toEqual({ url, status: 200 });
      const text = await response.text();
      if (!(response.headers.get('content-type') ?? '').startsWith('text/html')) continue;
      const targets = [...text.matchAll(/\s(?:href|src|data-api)="([^"#]+)/g)].map(([, target = '']) =>
        new URL(target.replaceAll('&amp;', '&'), response.url).toString(),
      );
      for (const target of targets) {
        expect(target.startsWith(`${root}/`)).toBe(true);
        // A plan and the rows are made once each; the other links to them are the same address.
        queue.push(target);
      }
    }
    const pages = ['overview', 'b/names', 'b/names/tenants', 'b/names/quarantine', 'b/names/rows'];
    for (const page of pages) expect(seen).toContain(`${root}/${page}`);
  });

  it('carries out an action, and leads back to the page of the backfill', async () => {
    const form = await get('/b/names/confirm/pause');
    const text = await form.text();
    const [, action = ''] = /<form method="post" action="([^"]+)"/.exec(text) ?? [];
    const [, csrf = ''] = /name="csrf" value="([^"]+)"/.exec(text) ?? [];
    const cookie = (form.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
    const done = await fetch(new URL(action, form.url), {
      method: 'POST',
      headers: { ...headers, cookie },
      body: new URLSearchParams({ csrf, reason: 'night' }),
    });
    const { origin, pathname } = new URL(done.url);
    expect({ url: `${origin}${pathname}`, status: done.status }).toEqual({
      url: `${root}/b/names`,
      status: 200,
    });
    expect(await done.text()).toContain('The backfill is paused.');
  });

  it('passes the events of the stream on', async () => {
    const response = await get('/live');
    const reader = response.body?.getReader();
    const part = await reader?.read();
    expect(Buffer.from(part?.value ?? []).toString()).toContain('event: opened');
    await reader?.cancel();
  });
});
