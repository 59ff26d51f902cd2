import type { Cell } from './cells.ts';

/** A time limit of the tests only detects a hang. */
const TEST_LIMIT_MS = 600_000;

type Json = Readonly<Record<string, unknown>>;

/** The configuration files by their paths, as Nest's generators of both majors write them. */
export function configurationOf(cell: Cell): Readonly<Record<string, string>> {
  return {
    'tsconfig.json': json(tsconfig(cell)),
    'tsconfig.build.json': json({
      extends: './tsconfig.json',
      // The record of an incremental build is in dist, so that `nest start`, which empties dist, builds every file again.
      // Nest 11 writes no `rootDir`: with it, its SWC builder writes dist/src/main.js.
      compilerOptions: {
        ...(cell.nest === 12 ? { rootDir: './src' } : {}),
        tsBuildInfoFile: './dist/build.tsbuildinfo',
      },
      include: ['src'],
      exclude: ['node_modules', 'test', 'dist', '**/*spec.ts'],
    }),
    'nest-cli.json': json({
      collection: '@nestjs/schematics',
      sourceRoot: 'src',
      compilerOptions: {
        deleteOutDir: true,
        ...(cell.builder === 'ts-node' ? {} : { builder: cell.builder }),
        plugins: ['nestjs-backfill/plugin'],
      },
    }),
    ...(cell.tests === 'vitest'
      ? { 'vitest.config.ts': VITEST }
      : { 'jest.config.json': json(jestConfiguration(cell)) }),
  };
}

function json(value: Json): string {
  return JSON.stringify(value, null, 2);
}

function tsconfig(cell: Cell): Json {
  const types = ['node', cell.tests === 'vitest' ? 'vitest/globals' : 'jest'];
  const resolution =
    cell.resolution === 'node'
      ? { module: 'commonjs' }
      : { module: 'nodenext', moduleResolution: 'nodenext', resolvePackageJsonExports: true };
  return {
    compilerOptions: {
      ...resolution,
      esModuleInterop: true,
      isolatedModules: true,
      declaration: true,
      removeComments: true,
      emitDecoratorMetadata: true,
      experimentalDecorators: true,
      allowSyntheticDefaultImports: true,
      target: 'ES2023',
      sourceMap: true,
      outDir: './dist',
      ...(cell.nest === 12 ? { rootDir: '.' } : { baseUrl: './' }),
      incremental: true,
      skipLibCheck: true,
      strict: true,
      strictPropertyInitialization: false,
      types,
    },
  };
}

function jestConfiguration(cell: Cell): Json {
  return {
    moduleFileExtensions: ['js', 'json', 'ts'],
    rootDir: 'src',
    testRegex: '.*\\.spec\\.ts$',
    transform: { '^.+\\.(t|j)s$': cell.tests === 'ts-jest' ? 'ts-jest' : SWC_JEST },
    testEnvironment: 'node',
    testTimeout: TEST_LIMIT_MS,
  };
}

const SWC_JEST = [
  '@swc/jest',
  {
    jsc: {
      target: 'es2022',
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true },
    },
    module: { type: 'commonjs' },
  },
];

const VITEST = `import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { globals: true, root: './', include: ['src/**/*.spec.ts'], testTimeout: ${TEST_LIMIT_MS}, hookTimeout: ${TEST_LIMIT_MS} },
});
`;

/** The manifest without the packages of the library. */
export function manifestOf(cell: Cell): {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly [key: string]: unknown;
} {
  const nest = `^${cell.nest}.0.1`;
  return {
    name: 'application',
    ...(cell.modules === 'ES modules' ? { type: 'module' } : {}),
    dependencies: {
      '@nestjs/common': nest,
      '@nestjs/core': nest,
      '@nestjs/platform-express': nest,
      '@nestjs/typeorm': cell.nest === 12 ? '^12' : '^11',
      pg: '^8.13.0',
      'reflect-metadata': '^0.2.2',
      rxjs: '^7.8.1',
      typeorm: cell.typeorm,
    },
    devDependencies: {
      '@nestjs/cli': cell.nest === 12 ? '^12.0.0' : '^11.0.0',
      '@nestjs/testing': nest,
      '@types/node': '^24.0.0',
      // TypeScript 6 refuses the older resolution.
      typescript: cell.nest === 12 ? '^6.0.2' : '^5.7.3',
      ...TEST_PACKAGES[cell.tests],
      ...BUILDER_PACKAGES[cell.builder],
      ...(cell.nest === 12 && cell.builder === 'webpack' ? WEBPACK_OF_NEST_12 : {}),
    },
  };
}

const SWC = { '@swc/core': '1.16.18' };
const TEST_PACKAGES = {
  'ts-jest': { '@types/jest': '^30.0.0', jest: '^30.0.0', 'ts-jest': '^29.2.5' },
  '@swc/jest': { '@types/jest': '^30.0.0', jest: '^30.0.0', '@swc/jest': '^0.2.39', ...SWC },
  vitest: { vitest: '^4.1.2' },
} as const;
const BUILDER_PACKAGES = {
  tsc: {},
  swc: { '@swc/cli': '^0.8.0', ...SWC },
  webpack: { 'ts-loader': '^9.5.4', webpack: '^5.105.4' },
  'ts-node': { 'ts-node': '^10.9.2' },
} as const;
const WEBPACK_OF_NEST_12 = {
  'fork-ts-checker-webpack-plugin': '^9.1.0',
  'tsconfig-paths-webpack-plugin': '^4.2.0',
  'webpack-node-externals': '^3.0.0',
};
