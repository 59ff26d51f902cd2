import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { MODULE_DEFAULTS } from '../../libs/backfill/src/backfill.module-definition.ts';
import { PACE_BOUNDS } from '../../libs/backfill/src/backfills/declare/pace.bounds.ts';
import { LEDGER_DEFAULTS } from '../../libs/backfill/src/ledger/ledger.options.ts';

const PROJECT = join(import.meta.dirname, '../..');
const SOURCES = join(PROJECT, 'libs/backfill/src');
const page = readFileSync(join(PROJECT, 'docs/options.md'), 'utf8');

/** The cells of each row of a section's table, by the option in the first column. */
function table(section: string): Map<string, string[]> {
  const [, text = ''] = page.split(`\n## ${section}\n`);
  const [own = ''] = text.split('\n## ');
  const rows = [...own.matchAll(/^\| `([\w.]+)` *\|(.*)\|$/gm)];
  return new Map(rows.map(([, name = '', rest = '']) => [name, rest.split('|').map((cell) => cell.trim())]));
}

function defaultsIn(section: string): Record<string, string> {
  return Object.fromEntries([...table(section)].map(([name, [fallback = '']]) => [name, fallback]));
}

/** Flattens `{ a: { b: 1 } }` to `{ 'a.b': '1' }`, with each value in the format of the page. */
function flattened(defaults: object, prefix = ''): Record<string, string> {
  return Object.fromEntries(
    Object.entries(defaults).flatMap(([name, value]: [string, unknown]) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.entries(flattened(value, `${prefix}${name}.`))
        : [[`${prefix}${name}`, formattedValue(value)]],
    ),
  );
}

function formattedValue(value: unknown): string {
  if (typeof value === 'number') return value.toLocaleString('en-US');
  if (Array.isArray(value)) return value.map(String).map(code).join(', ') || 'none';
  return code(String(value));
}

const code = (text: string): string => `\`${text}\``;

/** The properties of an interface as the compiler sees them, with inherited ones. */
function propertiesOf(file: string, name: string): string[] {
  const path = join(SOURCES, file);
  const program = ts.createProgram([path], {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
    skipLibCheck: true,
    types: [],
  });
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(path);
  const module = source && checker.getSymbolAtLocation(source);
  const symbol = module && checker.getExportsOfModule(module).find((each) => each.name === name);
  return symbol
    ? checker
        .getDeclaredTypeOfSymbol(symbol)
        .getProperties()
        .map((property) => property.name)
    : [];
}

/** `policy.lockTimeout` → `policy` */
const outermost = (names: Iterable<string>): string[] => [
  ...new Set([...names].map((name) => name.split('.')[0] ?? '')),
];

describe('the page of all options', () => {
  it.each([
    ['BackfillModule.forRoot', LEDGER_DEFAULTS],
    ['Pace', MODULE_DEFAULTS.defaults],
    ['Throttles', MODULE_DEFAULTS.throttles],
    ['Catch-up', MODULE_DEFAULTS.catchUp],
    ['Migrations', MODULE_DEFAULTS.migrations],
  ])('lists the defaults of %s as the code has them', (section, defaults) => {
    expect(defaultsIn(section)).toMatchObject(flattened(defaults));
  });

  it('lists the unit and the bounds of each option of the pace', () => {
    const listed = Object.fromEntries([...table('Pace')].map(([name, [, bounds]]) => [name, bounds]));
    const bounds = Object.entries(PACE_BOUNDS).map(([name, { min, max, unit }]) => [
      name,
      max === Number.MAX_SAFE_INTEGER
        ? `${unit}, from ${min}`
        : `${unit}, ${min} – ${max.toLocaleString('en-US')}`,
    ]);
    expect(listed).toMatchObject(Object.fromEntries(bounds));
  });

  it.each([
    ['BackfillModule.forRoot', 'backfill.module-definition.ts', 'BackfillModuleOptions', ['isGlobal']],
    ['Pace', 'backfills/declare/backfill.options.ts', 'PaceOptions', []],
    ['Throttles', 'backfills/throttle/throttle.options.ts', 'ThrottleOptions', []],
    ['Catch-up', 'schedule/catch-up.options.ts', 'CatchUpModuleOptions', []],
    ['Migrations', 'migrations/migrations-module.options.ts', 'MigrationModuleOptions', []],
  ] as const)('has every existing option of %s and no other', (section, file, type, besides) => {
    const options = [...propertiesOf(file, type), ...besides];
    expect(options.length).toBeGreaterThan(2);
    expect(outermost(table(section).keys()).sort()).toEqual(options.sort());
  });

  it('has every option of a backfill', () => {
    const options = propertiesOf('backfills/declare/backfill.options.ts', 'BackfillOptions');
    const listed = [...table('@Backfill').keys(), ...table('Pace').keys()];
    expect(listed.sort()).toEqual(options.sort());
  });

  it('is linked from the README and the page on pace', () => {
    expect(readFileSync(join(PROJECT, 'README.md'), 'utf8')).toContain('(docs/options.md)');
    expect(readFileSync(join(PROJECT, 'docs/pace.md'), 'utf8')).toContain('(options.md#pace)');
  });
});
