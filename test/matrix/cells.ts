/** One application of the matrix: how it is built, how it is tested, and what it runs on. */
export interface Cell {
  readonly nest: 11 | 12;
  /** The range of TypeORM's version. */
  readonly typeorm: '0.3.20' | '^0.3.21' | '^1';
  readonly modules: 'CommonJS' | 'ES modules';
  /** `node` is TypeScript's older resolution, as older generators wrote it; the generators of today write `nodenext`. */
  readonly resolution?: 'node' | 'nodenext';
  readonly builder: 'tsc' | 'swc' | 'webpack' | 'ts-node';
  readonly tests: 'ts-jest' | '@swc/jest' | 'vitest';
  /** The major version that runs the built application; undefined is the version of this process. */
  readonly node?: 20 | 22 | 24;
  /** The major version of the server; undefined is the server of the test run. */
  readonly postgres?: 13 | 14 | 15 | 16 | 17 | 18;
}

/** What a Nest developer meets most: the short form of the matrix, which `npm run test:slow` runs. */
export const SHORT_FORM: readonly Cell[] = [
  { nest: 11, typeorm: '^0.3.21', modules: 'CommonJS', resolution: 'node', builder: 'tsc', tests: 'ts-jest' },
];

/** Not every combination, but each value at least twice. */
export const MATRIX: readonly Cell[] = [
  {
    nest: 11,
    typeorm: '0.3.20',
    modules: 'CommonJS',
    builder: 'tsc',
    tests: 'ts-jest',
    node: 20,
    postgres: 13,
  },
  {
    nest: 11,
    typeorm: '^0.3.21',
    modules: 'CommonJS',
    builder: 'swc',
    tests: '@swc/jest',
    node: 22,
    postgres: 14,
  },
  {
    nest: 11,
    typeorm: '^1',
    modules: 'CommonJS',
    builder: 'webpack',
    tests: 'ts-jest',
    node: 24,
    postgres: 15,
  },
  {
    nest: 11,
    typeorm: '0.3.20',
    modules: 'CommonJS',
    builder: 'ts-node',
    tests: '@swc/jest',
    node: 22,
    postgres: 16,
  },
  { nest: 11, typeorm: '^1', modules: 'ES modules', builder: 'tsc', tests: 'vitest', node: 20, postgres: 17 },
  { nest: 12, typeorm: '^1', modules: 'ES modules', builder: 'tsc', tests: 'vitest', node: 24, postgres: 18 },
  {
    nest: 12,
    typeorm: '^0.3.21',
    modules: 'ES modules',
    builder: 'swc',
    tests: 'vitest',
    node: 22,
    postgres: 14,
  },
  { nest: 12, typeorm: '^1', modules: 'CommonJS', builder: 'tsc', tests: 'ts-jest', node: 24, postgres: 13 },
  {
    nest: 12,
    typeorm: '^0.3.21',
    modules: 'CommonJS',
    builder: 'webpack',
    tests: 'ts-jest',
    node: 24,
    postgres: 16,
  },
  {
    nest: 12,
    typeorm: '^1',
    modules: 'CommonJS',
    builder: 'ts-node',
    tests: 'ts-jest',
    node: 24,
    postgres: 15,
  },
  ...SHORT_FORM.map((cell) => ({ ...cell, node: 20, postgres: 17 }) as const),
  {
    nest: 11,
    typeorm: '^0.3.21',
    modules: 'CommonJS',
    resolution: 'node',
    builder: 'swc',
    tests: '@swc/jest',
    node: 24,
    postgres: 18,
  },
];

/** E.g. `Nest 11, TypeORM 0.3.20, CommonJS, tsc, ts-jest`. */
export function titleOf(cell: Cell): string {
  const resolution = cell.resolution === 'node' ? ' (older resolution)' : '';
  const versions = [cell.node && `Node ${cell.node}`, cell.postgres && `PostgreSQL ${cell.postgres}`];
  return [
    `Nest ${cell.nest}`,
    `TypeORM ${cell.typeorm}`,
    `${cell.modules}${resolution}`,
    cell.builder,
    cell.tests,
    ...versions.filter((version) => version !== undefined),
  ].join(', ');
}
