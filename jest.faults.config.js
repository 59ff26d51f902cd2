import config from './jest.config.js';

/** Faults, systematically: minutes, not seconds, and therefore a command of their own. */
export default {
  ...config,
  testMatch: ['<rootDir>/test/faults/**/*.spec.ts'],
  testPathIgnorePatterns: [],
  // Each file runs many cases at once itself.
  maxWorkers: 1,
};
