import config from './jest.config.js';

/** Specs that install packages or start many processes: minutes in all, so they have a command of their own. */
export default {
  ...config,
  testMatch: ['**/*.slow.spec.ts'],
  testPathIgnorePatterns: [],
};
