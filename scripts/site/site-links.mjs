import { posix } from 'node:path';

/**
 * Where the site has a page or a picture of the repository: README.md is its first page, docs/ its root.
 *
 * @param {string} path relative to the project
 * @param {readonly string[]} pages
 * @returns {string | undefined} undefined if the site does not have it
 */
export function sitePath(path, pages) {
  if (path === 'README.md') return 'index.md';
  if (path === 'docs/README.md') return 'pages.md';
  const [, library] = /^libs\/(\w+)\/README\.md$/.exec(path) ?? [];
  if (library !== undefined) return `packages/${library}.md`;
  if (path.endsWith('.svg') && path.startsWith('docs/')) return posix.relative('docs', path);
  const page = pages.includes(path) ? path : pages.find((each) => each === `${path}/README.md`);
  if (page === undefined) return undefined;
  return page.replace(/^docs\//, '').replace(/(^|\/)README\.md$/, '$1index.md');
}
