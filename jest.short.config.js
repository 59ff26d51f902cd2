import config from './jest.config.js';
import { LONG_SPECS } from './test/long-specs.js';

/** The specs of `npm test`. */
export default {
  ...config,
  testPathIgnorePatterns: [
    ...config.testPathIgnorePatterns,
    ...LONG_SPECS.map((path) => `<rootDir>/test/${path.replaceAll('.', '\\.')}$`),
  ],
};
