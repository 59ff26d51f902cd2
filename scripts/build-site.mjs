/**
 * Builds the documentation's site from README.md, docs/ and the public API: `npm run docs:build`. The site is in
 * .data/site/dist, with a search that works offline. A dead link fails the build.
 */
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vitepress';
import { writeApiPages } from './site/api-pages.mjs';
import { sitePath } from './site/site-links.mjs';
import { writeSidebar } from './site/sidebar.mjs';

const PROJECT = fileURLToPath(new URL('..', import.meta.url));
const SITE = join(PROJECT, '.data/site');

await rm(SITE, { recursive: true, force: true });
const pages = await pagesOfProject();
for (const page of pages) await writePage(page);
for (const file of await filesOf('docs', '.svg')) await copy(file, join(SITE, posix.relative('docs', file)));
await copy('docs/llms.txt', join(SITE, 'public/llms.txt'));
await writeApiPages(PROJECT, join(SITE, 'api'));
const described = ['backfill', 'dashboard', 'guard', 'sql'];
await writeSidebar(SITE, await readFile(join(PROJECT, 'docs/README.md'), 'utf8'), described);
await copy('scripts/site/config.mjs', join(SITE, '.vitepress/config.mjs'));
await build(SITE);
console.log(`The site is in ${join('.data/site/dist')}.`);

async function pagesOfProject() {
  const packages = ['backfill', 'guard', 'sql', 'dashboard'].map((name) => `libs/${name}/README.md`);
  return ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...packages, ...(await filesOf('docs', '.md'))];
}

/** Paths relative to the project. @param {string} folder @param {string} ending */
async function filesOf(folder, ending) {
  const files = await readdir(join(PROJECT, folder), { recursive: true });
  return files.filter((file) => file.endsWith(ending)).map((file) => posix.join(folder, file));
}

/** Writes a page to its place, with links that fit. @param {string} page */
async function writePage(page) {
  const text = await readFile(join(PROJECT, page), 'utf8');
  const from = sitePath(page, pages) ?? page;
  const linked = text
    .split(/(^ *```[\s\S]*?^ *```$)/m)
    .map((part, at) =>
      at % 2 === 1 ? part : part.replaceAll(/\]\(([^)\s]+)\)/g, (_, to) => `](${rewritten(page, from, to)})`),
    )
    .join('');
  await mkdir(dirname(join(SITE, from)), { recursive: true });
  await writeFile(join(SITE, from), linked);
}

/**
 * The same target, seen from the page's place in the site.
 *
 * @param {string} page @param {string} from @param {string} target
 */
function rewritten(page, from, target) {
  if (/^(?:[a-z]+:|#)/.test(target)) return target;
  const [file = '', anchor] = target.split('#');
  const path = posix.normalize(posix.join(posix.dirname(page), file)).replace(/\/$/, '');
  const to = sitePath(path, pages);
  if (to === undefined) return `https://github.com/nestjs-backfill/nestjs-backfill/tree/main/${path}`;
  const relative = posix.relative(posix.dirname(from), to);
  return `${relative.startsWith('.') ? relative : `./${relative}`}${anchor === undefined ? '' : `#${anchor}`}`;
}

/** @param {string} from @param {string} to */
async function copy(from, to) {
  await mkdir(dirname(to), { recursive: true });
  await cp(join(PROJECT, from), to);
}
