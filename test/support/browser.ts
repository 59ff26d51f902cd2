import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium, type Browser, type Page } from 'playwright-core';

const PROGRAMS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The installed browser; undefined if there is none. `CHROMIUM` names another program. */
export const BROWSER = [process.env['CHROMIUM'] ?? '', ...PROGRAMS].find(
  (path) => path !== '' && existsSync(path),
);

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: BROWSER ?? '',
    // The tests may run as root, and in a container with little shared memory.
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
  });
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** The violations that axe finds on a page, with the elements. */
export async function violationsOf(page: Page): Promise<string[]> {
  // The policy of the page does not allow a script of the test. An evaluated one is not subject to it.
  await page.evaluate(AXE);
  const { violations } = await page.evaluate<{
    violations: { id: string; nodes: { html: string; failureSummary: string }[] }[];
  }>('axe.run()');
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary}`),
  );
}
