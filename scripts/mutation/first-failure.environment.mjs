import { TestEnvironment } from 'jest-environment-node';

/** Skips the tests of a spec after its first failure: one is enough, and each test that hangs takes its time limit. */
export default class FirstFailureEnvironment extends TestEnvironment {
  #hasFailed = false;

  /** @param {import('@jest/types').Circus.AsyncEvent | import('@jest/types').Circus.SyncEvent} event */
  handleTestEvent(event) {
    if (event.name === 'test_done' && event.test.errors.length > 0) this.#hasFailed = true;
    if (event.name === 'test_start' && this.#hasFailed) event.test.mode = 'skip';
  }
}
