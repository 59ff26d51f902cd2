import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { Backfill, BackfillThrottle, type SetBackfill, type ThrottleCheck } from 'nestjs-backfill';
import { IsNull } from 'typeorm';
import { DashboardApp } from '../support/applications/dashboard.ts';
import { BROWSER, launchBrowser, violationsOf } from '../support/browser.ts';
import { addLeads, Lead, resetLeads } from '../support/tables/lead-tables.ts';

@Backfill<Lead>({
  name: 'leads-search-name',
  entity: Lead,
  where: { searchName: IsNull() },
  tenant: 'tenantId',
  batchSize: 10,
})
class SearchName implements SetBackfill<Lead> {
  set() {
    return { searchName: `CASE WHEN name = 'Lead 7' THEN name::int::text ELSE lower(name) END` };
  }
}

@Backfill<Lead>({
  name: 'leads-last-call-direction',
  entity: Lead,
  where: { lastCallDirection: IsNull() },
  dependsOn: ['leads-search-name'],
})
class Direction implements SetBackfill<Lead> {
  set() {
    return { lastCallDirection: `'none'` };
  }
}

let held = false;

@BackfillThrottle({ name: 'mail queue' })
class MailQueue implements ThrottleCheck {
  async check() {
    return Promise.resolve(held ? '12,000 mails are queued' : null);
  }
}

/** With UPDATE_SCREENSHOTS=1, the pictures of the documentation are made again. */
const PICTURES =
  process.env['UPDATE_SCREENSHOTS'] === '1' ? join(import.meta.dirname, '../../docs/dashboard') : null;
const PAUSE = 'leads-search-name/confirm/pause';
const PAGES = [
  'overview',
  'b/leads-search-name',
  'b/leads-search-name?hours=24&done=pause',
  'b/leads-last-call-direction',
  'b/leads-search-name/tenants',
  'b/leads-search-name/history',
  'b/leads-search-name/plan',
  'b/leads-search-name/rows',
  'b/leads-search-name/quarantine',
  'b/leads-search-name/confirm/retry?key=7',
  'b/leads-search-name/confirm/set',
  `b/${PAUSE}`,
  'b/none',
];

if (BROWSER === undefined)
  console.warn(
    'The tests of the dashboard in a browser are skipped, because there is no chromium. CHROMIUM names the program.',
  );

(BROWSER === undefined ? describe.skip : describe)('the dashboard in a browser', () => {
  let dashboard: DashboardApp;
  let browser: Browser;
  const pages: Page[] = [];

  const open = async (path: string, options: BrowserContextOptions = {}, actor = 'ada') => {
    const context = await browser.newContext({
      extraHTTPHeaders: { 'x-role': 'admin', 'x-actor': actor },
      ...options,
    });
    const page = await context.newPage();
    pages.push(page);
    await page.goto(`${dashboard.origin}/backfills/${path}`);
    return page;
  };

  beforeAll(async () => {
    dashboard = await DashboardApp.start({ backfills: [SearchName, Direction, MailQueue] });
    browser = await launchBrowser();
  });
  beforeEach(async () => {
    held = false;
    await resetLeads(dashboard.database);
    await addLeads(dashboard.database, 300, 5);
  });
  afterEach(async () => {
    await Promise.all(pages.splice(0).map((page) => page.context().close()));
  });
  afterAll(async () => {
    await browser?.close();
    await dashboard.stop();
  });

  it('has no accessibility violation that axe finds, on any page, in light and in dark, before runs and after', async () => {
    const violations: string[] = [];
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await open('overview', { colorScheme });
      for (const path of PAGES) {
        await page.goto(`${dashboard.origin}/backfills/${path}`);
        violations.push(...(await violationsOf(page)).map((violation) => `${path}: ${violation}`));
      }
      await dashboard.service.run();
    }
    expect(violations).toEqual([]);
  });

  it('breaks its own security policy nowhere', async () => {
    const page = await open('overview');
    const problems: string[] = [];
    page.on('console', (message) => void (message.type() === 'error' && problems.push(message.text())));
    page.on('pageerror', (error) => problems.push(error.message));
    for (const path of PAGES.filter((each) => each !== 'b/none'))
      await page.goto(`${dashboard.origin}/backfills/${path}`);
    expect(problems).toEqual([]);
  });

  it('is steered by keyboard alone: from the overview to a paused backfill', async () => {
    await dashboard.service.run({ names: ['leads-search-name'], maxDurationMs: 0 });
    const page = await open('overview');
    const focusOn = async (name: string) => {
      for (;;) {
        await page.keyboard.press('Tab');
        if ((await page.evaluate('document.activeElement.textContent')) === name) return;
      }
    };
    await focusOn('leads-search-name');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/b/leads-search-name');
    await focusOn('Pause');
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/${PAUSE}`);
    for (; (await page.evaluate('document.activeElement.id')) !== 'reason';) await page.keyboard.press('Tab');
    await page.keyboard.type('month end');
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/b\/leads-search-name\?done=pause&proof=/);
    expect(await page.textContent('main')).toContain('Paused by ada: month end.');
  });

  it('pauses from a telephone without JavaScript, and nothing is wider than the screen', async () => {
    await dashboard.service.run({ names: ['leads-search-name'] });
    const page = await open('overview', { viewport: { width: 390, height: 844 }, javaScriptEnabled: false });
    const width = async () => (await page.locator('main').boundingBox())?.width ?? 0;
    expect(await width()).toBeLessThanOrEqual(390);
    // What runs or waits is on the first screen, below what needs a person.
    expect((await page.locator('tbody tr').first().boundingBox())?.y).toBeLessThan(844 - 100);
    await page.click('text=leads-search-name >> nth=0');
    expect(await width()).toBeLessThanOrEqual(390);
    const tables = page.locator('.scroll:has(table.stacked)');
    const isScrolling = (element: { scrollWidth: number; clientWidth: number }) =>
      element.scrollWidth > element.clientWidth;
    expect(await tables.count()).toBeGreaterThan(2);
    for (const table of await tables.all()) expect(await table.evaluate(isScrolling)).toBe(false);
    if (PICTURES !== null) await picture(page, 'telephone');
    await page.click('.button.pause');
    await page.fill('#reason', 'night');
    await page.click('button.pause');
    await page.waitForURL(/\?done=pause&proof=/);
    expect(await page.textContent('h1')).toContain('paused');
  });

  it('shows in two browsers what a run does, and why it waits, without a reload', async () => {
    held = true;
    const first = await open('overview');
    const second = await open('overview', {}, 'grace');
    await dashboard.service.run({ names: ['leads-search-name'], maxDurationMs: 0 });
    await first.goto(`${dashboard.origin}/backfills/b/leads-search-name/confirm/run`);
    await first.fill('#reason', 'now');
    await first.click('button.run');
    await second.waitForSelector('td:has-text("12,000 mails are queued")');
    // The page says the time once, in the zone of the reader.
    await second.reload();
    expect(await second.textContent('td[data-bind="waitingFor"]')).toMatch(
      /^mail queue: 12,000 mails are queued since (?!.*(?:since|T\d\d:))/,
    );
    held = false;
    await second.waitForSelector('[data-backfill="leads-search-name"] [data-bind="updated"]:has-text("299")');
    // A page of its own: the answer to the click may come after the run's end, and would interrupt a navigation.
    const third = await open('overview');
    await third.waitForSelector('text=1 row in quarantine');
    if (PICTURES !== null) await picture(third, 'overview');
  });

  it('says that the database is away without a reload, and recovers by itself', async () => {
    await dashboard.service.run({ names: ['leads-search-name'], maxDurationMs: 0 });
    const page = await open('b/leads-search-name');
    const { name, serverUrl } = dashboard.database;
    const admin = dashboard.database.at(serverUrl);
    await admin.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
    await admin.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`);
    await page.waitForSelector('#away:has-text("The database does not answer")');
    const opened = await open('overview');
    expect(await opened.textContent('main')).toContain('so this page cannot be shown');
    await admin.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);
    await page.waitForSelector('#away', { state: 'detached' });
    await opened.waitForSelector('h2:has-text("Phases")');
    expect(await opened.textContent('main')).toContain('leads-search-name');
  });
});

/** Replaces a picture of the documentation. */
async function picture(page: Page, name: string): Promise<void> {
  await mkdir(PICTURES ?? '', { recursive: true });
  const file = join(PICTURES ?? '', `${name}.png`);
  await page.screenshot({ path: `${file}.new.png` });
  await rename(`${file}.new.png`, file);
}
