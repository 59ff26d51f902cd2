import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_VERSION as BACKFILL_VERSION } from '../../libs/backfill/src/identity/package-version.ts';
import { PACKAGE_VERSION as GUARD_VERSION } from '../../libs/guard/src/package-version.ts';

const PROJECT = join(import.meta.dirname, '../..');
const PACKAGES = ['backfill', 'dashboard', 'guard', 'sql'] as const;
const PERMISSIVE = /^\(?(MIT|ISC|0BSD|Apache-2\.0|BSD-[23]-Clause|PostgreSQL)\b/;

interface Manifest {
  readonly version: string;
  readonly license: string;
  readonly homepage: string;
  readonly repository: { readonly url: string; readonly directory?: string };
  readonly bugs: { readonly url: string };
  readonly keywords: readonly string[];
  readonly publishConfig: unknown;
  readonly main: string;
  readonly types: string;
  readonly typesVersions: { readonly '*': Readonly<Record<string, readonly string[]>> };
  readonly exports: Readonly<Record<string, string | Record<string, { readonly types: string }>>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

const manifestOf = (folder: string) =>
  JSON.parse(readFileSync(join(PROJECT, folder, 'package.json'), 'utf8')) as Manifest;

const repository = manifestOf('.').repository.url;
const site = repository.replace(/^git\+/, '').replace(/\.git$/, '');

/** Every package that an installation in production gets. */
function installed(name: string, found = new Map<string, Manifest>()): Map<string, Manifest> {
  if (found.has(name)) return found;
  const manifest = manifestOf(join('node_modules', name));
  found.set(name, manifest);
  for (const dependency of Object.keys(manifest.dependencies ?? {})) installed(dependency, found);
  return found;
}

/** The packages that the declarations of a built library import. */
function importsOfDeclarations(folder: string): string[] {
  const dist = join(PROJECT, 'libs', folder, 'dist');
  const declarations = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.d.ts'),
  );
  const specifiers = declarations.flatMap((file) => [
    ...readFileSync(join(dist, file), 'utf8').matchAll(/\b(?:from|import)\s*\(?['"]([^.'"][^'"]*)['"]/g),
  ]);
  const names = specifiers.map(([, path = '']) => /^(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? path);
  return [...new Set(names)].filter((name) => !name.startsWith('node:'));
}

/** Whether a package has its types in another package, `@types/…`. eslint has both; its own are used. */
function hasTypesElsewhere(name: string): boolean {
  if (!existsSync(join(PROJECT, 'node_modules/@types', name))) return false;
  return !JSON.stringify(manifestOf(`node_modules/${name}`)).includes('"types":');
}

describe.each(PACKAGES)('the manifest of libs/%s', (folder) => {
  const manifest = manifestOf(`libs/${folder}`);

  it('names the repository, the place for bugs, keywords, and how it is published', () => {
    expect(manifest.repository).toEqual({ type: 'git', url: repository, directory: `libs/${folder}` });
    expect(manifest.homepage.startsWith(site)).toBe(true);
    expect(manifest.bugs.url).toBe(`${site}/issues`);
    expect(manifest.keywords).toEqual(expect.arrayContaining(['postgresql']));
    expect(manifest.publishConfig).toEqual({ access: 'public', provenance: true });
  });

  it('names types for the older resolution of TypeScript, for each entry point', () => {
    const entries = Object.entries(manifest.exports).flatMap(([entry, target]) =>
      typeof target === 'string' ? [] : [[entry.slice(2), target['require']?.types] as const],
    );
    const [root, ...others] = entries;
    expect(manifest.types).toBe(root?.[1]);
    expect(manifest.main).toBe(manifest.types.replace('.d.ts', '.js'));
    expect(manifest.typesVersions['*']).toEqual(
      Object.fromEntries(others.map(([entry, types]) => [entry, [types]])),
    );
  });

  it('declares each package that its types import, and imports none without types of its own', () => {
    const declared = { ...manifest.dependencies, ...manifest.peerDependencies };
    const imported = importsOfDeclarations(folder);
    expect(imported.filter((name) => !(name in declared))).toEqual([]);
    const untyped = imported.filter(hasTypesElsewhere);
    expect(untyped).toEqual([]);
  });

  it('depends on packages with a permissive licence only, in turn', () => {
    const licences = [...installed(folder === 'backfill' ? 'nestjs-backfill' : `nestjs-backfill-${folder}`)];
    const others = licences.filter(([, { license }]) => !PERMISSIVE.test(license));
    expect(others.map(([name, { license }]) => `${name}: ${license}`)).toEqual([]);
  });

  it('has a README whose links work on the page of the registry', () => {
    const text = readFileSync(join(PROJECT, 'libs', folder, 'README.md'), 'utf8');
    const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
    expect(links.length).toBeGreaterThan(0);
    const dead = links.filter((link) => {
      const [, path] = new RegExp(`^${site}/(?:blob|tree)/main/([^#]*)`).exec(link) ?? [];
      return path === undefined ? !link.startsWith('https://') : !existsSync(join(PROJECT, path));
    });
    expect(dead).toEqual([]);
  });
});

it('the constants of the version are the version of package.json', () => {
  expect([BACKFILL_VERSION, GUARD_VERSION]).toEqual(
    ['backfill', 'guard'].map((f) => manifestOf(`libs/${f}`).version),
  );
});
