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

/** Files and folders of this repository that a page names in code, e.g. `libs/guard/src/judge`. */
function pathsIn(page: string): string[] {
  const text = readFileSync(join(PROJECT, page), 'utf8');
  return [...text.matchAll(/`((?:src|libs|test|scripts|docs)\/[\w./-]+)`/g)].map(([, path = '']) => path);
}

function scriptsIn(page: string): string[] {
  const text = readFileSync(join(PROJECT, page), 'utf8');
  return [...text.matchAll(/npm run ([\w:]+(?:-\w+)*)/g)].map(([, name = '']) => name);
}

describe('the pages', () => {
  it.each(pages())('name only files and npm scripts that exist: %s', (page) => {
    const { scripts } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as {
      readonly scripts: Readonly<Record<string, string>>;
    };
    expect(pathsIn(page).filter((path) => !existsSync(join(PROJECT, path)))).toEqual([]);
    expect(scriptsIn(page).filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
  });
});

describe('CONTRIBUTING.md', () => {
  const sources = readdirSync(join(PROJECT, 'libs'), { recursive: true, encoding: 'utf8' }).filter((file) =>
    /^\w+\/src\//.test(file),
  );

  it('lists every folder of the runtime in its layout', () => {
    const [, layout = ''] = readFileSync(join(PROJECT, 'CONTRIBUTING.md'), 'utf8').split('\n## The layout\n');
    const folders = readdirSync(join(PROJECT, 'libs/backfill/src'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
    const listed = layout.slice(0, layout.indexOf('\n## '));
    expect(folders.filter((name) => !listed.includes(` ${name}/ `))).toEqual([]);
  });

  it('names only source files that exist', () => {
    const text = readFileSync(join(PROJECT, 'CONTRIBUTING.md'), 'utf8');
    const named = [...text.matchAll(/`([\w./-]+\.ts)`/g)].map(([, file = '']) => file.replace(/^libs\//, ''));
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((file) => !sources.some((source) => `/${source}`.endsWith(`/${file}`)))).toEqual([]);
  });
});

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
