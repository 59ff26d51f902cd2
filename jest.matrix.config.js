import config from './jest.config.js';

/** Applications of each supported version: each installs from the registry and takes a minute or two. */
export default {
  ...config,
  testMatch: ['<rootDir>/test/matrix/**/*.matrix.spec.ts'],
  testPathIgnorePatterns: [],
  maxWorkers: 1,
};
