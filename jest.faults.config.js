import config from './jest.config.js';

process.env['RANDOM_RUNS'] ??= '200';

/** Faults, systematically: minutes, not seconds, and therefore a command of their own. */
export default {
  ...config,
  testMatch: ['<rootDir>/test/faults/**/*.spec.ts'],
  testPathIgnorePatterns: [],
  // Each file runs many cases at once itself.
  maxWorkers: 1,
};
