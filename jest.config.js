// In UTC, a test would not notice a date that is written in the wrong time zone.
process.env['TZ'] = 'Asia/Kolkata';

/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/libs', '<rootDir>/test'],
  testMatch: ['**/*.spec.ts'],
  // `npm run test:faults` and `npm run test:slow` run these.
  testPathIgnorePatterns: ['<rootDir>/test/faults/', '\\.(slow|matrix)\\.spec\\.ts$'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    '^nestjs-backfill$': '<rootDir>/libs/backfill/src/index.ts',
    '^nestjs-backfill/errors$': '<rootDir>/libs/backfill/src/entry-points/errors.ts',
    '^nestjs-backfill/operate$': '<rootDir>/libs/backfill/src/entry-points/operate.ts',
    '^nestjs-backfill/reports$': '<rootDir>/libs/backfill/src/entry-points/reports.ts',
    '^nestjs-backfill/testing$': '<rootDir>/libs/backfill/src/testing/index.ts',
    '^nestjs-backfill/steps$': '<rootDir>/libs/backfill/src/entry-points/steps.ts',
    '^nestjs-backfill-sql$': '<rootDir>/libs/sql/src/index.ts',
    '^nestjs-backfill-sql/tree$': '<rootDir>/libs/sql/src/tree.ts',
    '^nestjs-backfill-dashboard$': '<rootDir>/libs/dashboard/src/index.ts',
    '^nestjs-backfill-guard$': '<rootDir>/libs/guard/src/index.ts',
    '^nestjs-backfill-guard/testing$': '<rootDir>/libs/guard/src/testing/index.ts',
    '^nestjs-backfill-guard/eslint$': '<rootDir>/libs/guard/src/eslint/plugin.ts',
    '^(\\.{1,2}/.*)\\.js$': ['$1.ts', '$1.js'],
  },
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/libs/.*/dist'],
  transform: {
    '\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
        },
        module: { type: 'es6' },
      },
    ],
  },
  globalSetup: '<rootDir>/test/support/server/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/server/global-teardown.ts',
  setupFiles: ['reflect-metadata', '<rootDir>/test/support/server/test-database-url.ts'],
  maxWorkers: 2,
  // Node.js does not free the ES modules of a finished test file, and collecting garbage among them takes ever longer.
  workerIdleMemoryLimit: '800MB',
  // A time limit only detects a hang: a machine that is shared with other work may take ten times as long.
  testTimeout: 300_000,
};
