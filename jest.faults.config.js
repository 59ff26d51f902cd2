import config from './jest.config.js';

process.env['RANDOM_RUNS'] ??= '200';

/** Systematic faults and random runs: minutes, not seconds, so they have a command of their own. */
export default {
  ...config,
  testMatch: ['<rootDir>/test/faults/**/*.spec.ts'],
  testPathIgnorePatterns: [],
  // Each file runs many cases at once.
  maxWorkers: 1,
};
