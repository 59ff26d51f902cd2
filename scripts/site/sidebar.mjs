import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The list of pages beside each page, in the order and under the headings of docs/README.md.
 *
 * @param {string} site @param {string} overview the text of docs/README.md
 * @param {readonly string[]} packages those that have API pages
 */
export async function writeSidebar(site, overview, packages) {
  const groups = overview.split(/^## /m).slice(1);
  const sidebar = groups.map((group) => ({
    text: group.slice(0, group.indexOf('\n')),
    collapsed: false,
    items: [...group.matchAll(/^\| \[([^\]]+)\]\(([^)]+)\)/gm)].map(([, text, file = '']) => ({
      text,
      link: `/${file.replace(/README\.md$/, '').replace(/\.md$/, '')}`,
    })),
  }));
  const api = packages.map((name) => ({ text: name, link: `/api/${name}/` }));
  if (api.length > 0) sidebar.push({ text: 'API', collapsed: false, items: api });
  await writeFile(join(site, 'sidebar.json'), JSON.stringify(sidebar));
}
