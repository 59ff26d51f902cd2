import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { sourceFiles } from '../support/import-graph.ts';

const PROJECT = join(import.meta.dirname, '../..');
const MAX_ROOT_NAMES = 90;

/** The entry points of each package, by its folder. */
const ENTRY_POINTS = {
  backfill: [
    'index.ts',
    'entry-points/errors.ts',
    'entry-points/operate.ts',
    'entry-points/reports.ts',
    'entry-points/steps.ts',
    'plugin.ts',
    'testing/index.ts',
  ],
  dashboard: ['index.ts'],
  guard: ['index.ts', 'testing/index.ts', 'eslint/plugin.ts', 'eslint/required-plugin.ts'],
  sql: ['index.ts', 'tree.ts'],
} as const;
type Package = keyof typeof ENTRY_POINTS;
const PACKAGES = Object.keys(ENTRY_POINTS) as Package[];

const files = PACKAGES.flatMap((name) =>
  ENTRY_POINTS[name].map((file) => join(PROJECT, 'libs', name, 'src', file)),
);
const program = ts.createProgram(files, {
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  target: ts.ScriptTarget.ES2023,
  experimentalDecorators: true,
  skipLibCheck: true,
  types: ['node'],
});
const checker = program.getTypeChecker();

function sourceOf(name: Package, file: string): ts.SourceFile {
  const source = program.getSourceFile(join(PROJECT, 'libs', name, 'src', file));
  if (!source) throw new Error(`${name}/${file} is not part of the program.`);
  return source;
}

/** The exported symbols of an entry point, each where it is declared. */
function exportsOf(name: Package, file: string): ts.Symbol[] {
  const module = checker.getSymbolAtLocation(sourceOf(name, file));
  return (module ? checker.getExportsOfModule(module) : []).map((symbol) =>
    symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol,
  );
}

function exportsOfPackage(name: Package): ts.Symbol[] {
  return [...new Set(ENTRY_POINTS[name].flatMap((file) => exportsOf(name, file)))];
}

const isDocumented = (symbol: ts.Symbol): boolean =>
  ts.displayPartsToString(symbol.getDocumentationComment(checker)).trim() !== '';
const isTagged = (symbol: ts.Symbol): boolean =>
  symbol.getJsDocTags(checker).some(({ name }) => name === 'publicApi');

/** Names of the declarations that carry the tag `@publicApi`. */
function taggedNames(name: Package): string[] {
  return sourceFiles(`libs/${name}/src`).flatMap(({ text }) =>
    [
      ...text.matchAll(
        /@publicApi\b(?:(?!\*\/)[\s\S])*\*\/\s*(?:@\w+\([^\n]*\)\s*)*export (?:default |abstract |async )*(?:class|interface|type|const|function) (\w+)/g,
      ),
    ].map(([, declared = '']) => declared),
  );
}

describe.each(PACKAGES)('the entry points of the package %s', (name) => {
  it('have named exports only, except for a plugin', () => {
    const withDefault = ENTRY_POINTS[name].filter((file) =>
      exportsOf(name, file).some((symbol) => symbol.name === 'default'),
    );
    expect(withDefault.filter((file) => !file.startsWith('eslint/'))).toEqual([]);
    for (const file of ENTRY_POINTS[name].filter((each) => /index|errors|operate|reports/.test(each)))
      for (const statement of sourceOf(name, file).statements)
        expect(ts.isExportDeclaration(statement) && statement.exportClause?.kind).toBe(
          ts.SyntaxKind.NamedExports,
        );
  });

  it('export exactly what is tagged @publicApi', () => {
    const exported = exportsOfPackage(name).filter(({ name: own }) => own !== 'default' && own !== 'before');
    expect(exported.filter((symbol) => !isTagged(symbol)).map((symbol) => symbol.name)).toEqual([]);
    const names = new Set(exported.map((symbol) => symbol.name));
    const tagged = taggedNames(name);
    expect(tagged.length).toBeGreaterThan(5);
    expect(tagged.filter((declared) => !names.has(declared))).toEqual([]);
  });

  it('document everything that they export', () => {
    const exported = exportsOfPackage(name).filter((symbol) => symbol.name !== 'default');
    expect(exported.length).toBeGreaterThan(5);
    expect(exported.filter((symbol) => !isDocumented(symbol)).map((symbol) => symbol.name)).toEqual([]);
  });

  it('are those that its package.json names, as ES modules and as CommonJS', () => {
    const { exports } = JSON.parse(readFileSync(join(PROJECT, 'libs', name, 'package.json'), 'utf8')) as {
      exports: Record<string, string | Record<string, { types: string; default: string }>>;
    };
    const targets = Object.values(exports).flatMap((entry) =>
      typeof entry === 'string' ? [] : Object.entries(entry),
    );
    for (const [condition, { types, default: file }] of targets) {
      expect(file.startsWith('./dist/cjs/')).toBe(condition === 'require');
      expect(types).toBe(file.replace(/\.js$/, '.d.ts'));
    }
    const sources = targets.map(([, { default: file }]) =>
      file.replace(/^\.\/dist\/(cjs\/)?/, '').replace(/\.js$/, '.ts'),
    );
    expect([...new Set(sources)].sort()).toEqual([...ENTRY_POINTS[name]].sort());
  });
});

it('the packages share one version, and depend on exactly this version of each other', () => {
  const manifests = PACKAGES.map(
    (name) =>
      JSON.parse(readFileSync(join(PROJECT, 'libs', name, 'package.json'), 'utf8')) as {
        readonly version: string;
        readonly dependencies?: Readonly<Record<string, string>>;
        readonly peerDependencies?: Readonly<Record<string, string>>;
      },
  );
  const [version] = manifests.map((manifest) => manifest.version);
  expect(manifests.map((manifest) => manifest.version)).toEqual(PACKAGES.map(() => version));
  const ours = manifests.flatMap(({ dependencies, peerDependencies }) =>
    Object.entries({ ...dependencies, ...peerDependencies }).filter(([name]) =>
      name.startsWith('nestjs-backfill'),
    ),
  );
  expect(ours).toEqual([
    ['nestjs-backfill-sql', version],
    ['nestjs-backfill', version],
    ['nestjs-backfill-sql', version],
  ]);
});

describe('the root of the runtime', () => {
  const exported = exportsOf('backfill', 'index.ts');

  it(`exports at most ${MAX_ROOT_NAMES} names`, () => {
    expect(exported.length).toBeGreaterThan(50);
    expect(exported.length).toBeLessThanOrEqual(MAX_ROOT_NAMES);
  });

  it('documents every option: its meaning, and the default of each option of the pace', () => {
    const undocumented = exported
      .filter(({ name }) => name.endsWith('Options'))
      .flatMap((options) =>
        checker
          .getDeclaredTypeOfSymbol(options)
          .getProperties()
          .filter((option) => !isDocumented(option) && option.getJsDocTags(checker).length === 0)
          .map((option) => `${options.name}.${option.name}`),
      );
    expect(undocumented).toEqual([]);
    const pace = exported.find(({ name }) => name === 'PaceOptions');
    const withoutDefault = (pace ? checker.getDeclaredTypeOfSymbol(pace).getProperties() : [])
      .filter((option) => !option.getJsDocTags(checker).some(({ name }) => name === 'default'))
      .map(({ name }) => name);
    expect(withoutDefault).toEqual([]);
  });
});

describe('nestjs-backfill/errors', () => {
  /** The library reports their cause instead, so an application never receives them. */
  // Code of a batch throws the first one, and the command line of Nest prints the second one.
  const INTERNAL = ['BatchCodeError', 'SchematicError'];

  it('exports every error class of the runtime that has a remedy', () => {
    const names = new Set(exportsOf('backfill', 'entry-points/errors.ts').map((symbol) => symbol.name));
    const declared = sourceFiles('libs/backfill/src').flatMap(({ text }) =>
      [...text.matchAll(/^export (?:abstract )?class (\w+Error) extends (\w+)/gm)].flatMap(
        ([, name = '', base = '']) => (base === 'Error' ? [] : [name]),
      ),
    );
    expect(declared.length).toBeGreaterThan(50);
    expect(declared.filter((name) => !names.has(name) && !INTERNAL.includes(name))).toEqual([]);
  });
});
