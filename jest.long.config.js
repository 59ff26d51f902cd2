import config from './jest.config.js';
import { LONG_SPECS } from './test/long-specs.js';

/** The specs that `npm test` leaves out because they take most of the time. */
export default {
  ...config,
  testMatch: LONG_SPECS.map((path) => `<rootDir>/test/${path}`),
  // Most of them wait most of the time.
  maxWorkers: 3,
};
