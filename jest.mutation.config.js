import config from './jest.config.js';

const [[pattern, [, options]]] = Object.entries(config.transform);

/** One mutation, or probes, in the files of the libraries: `npm run test:mutation`. */
export default {
  ...config,
  transform: { [pattern]: ['<rootDir>/scripts/mutation/transformer.mjs', options] },
  ...(process.env['MUTATION_PROBES'] && {
    setupFiles: [...config.setupFiles, '<rootDir>/scripts/mutation/hits.setup.mjs'],
    setupFilesAfterEnv: ['<rootDir>/scripts/mutation/hits.recorder.mjs'],
  }),
  ...(process.env['MUTATION'] && {
    testEnvironment: '<rootDir>/scripts/mutation/first-failure.environment.mjs',
  }),
  testSequencer: '<rootDir>/scripts/mutation/given-order.sequencer.mjs',
};
