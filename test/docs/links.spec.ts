import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const PROJECT = join(import.meta.dirname, '../..');

/** A relative link of a page. */
interface Link {
  readonly page: string;
  /** As written, e.g. `pace.md#throttles`. */
  readonly target: string;
  /** The linked file or folder, relative to the project. */
  readonly path: string;
  readonly anchor: string | undefined;
}

function pages(): string[] {
  const docs = readdirSync(join(PROJECT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => join('docs', file));
  const packages = readdirSync(join(PROJECT, 'libs')).map((folder) => join('libs', folder, 'README.md'));
  return ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...packages, ...docs];
}

function textOf(page: string): string {
  const text = readFileSync(join(PROJECT, page), 'utf8');
  return text
    .replace(/^ *```.*?^ *```$/gms, '')
    .replace(/`[^`\n]*`/g, (code) => code.replace(/[[\]()]/g, ''));
}

function linksOf(page: string): Link[] {
  return [...textOf(page).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [file = '', anchor] = target.split('#');
      const path = file === '' ? page : relative(PROJECT, join(PROJECT, dirname(page), file));
      return { page, target, path, anchor };
    });
}

/** The anchors that GitHub generates for the headings of a page. */
function anchorsOf(page: string): string[] {
  return [...textOf(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

describe('the links of the pages', () => {
  const links = pages().flatMap(linksOf);

  it('are found', () => {
    expect(links.length).toBeGreaterThan(50);
  });

  it('lead to a file or folder that exists', () => {
    const broken = links.filter(({ path }) => !existsSync(join(PROJECT, path)));
    expect(broken.map(({ page, target }) => `${page}: ${target}`)).toEqual([]);
  });

  it('lead to a heading that exists', () => {
    const broken = links.filter(
      ({ path, anchor }) => anchor !== undefined && !anchorsOf(path).includes(anchor),
    );
    expect(broken.map(({ page, target }) => `${page}: ${target}`)).toEqual([]);
  });
});
