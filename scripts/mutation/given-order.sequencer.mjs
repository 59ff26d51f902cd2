/** Jest's interface of a sequencer. It runs specs in the order of `MUTATION_ORDER`: those that notice soonest first. */
export default class GivenOrderSequencer {
  /** @template {{ path: string }} Test @param {readonly Test[]} tests @returns {Test[]} */
  sort(tests) {
    const order = (process.env['MUTATION_ORDER'] ?? '').split(',');
    const place = (/** @type {{ path: string }} */ { path }) =>
      order.findIndex((spec) => path.endsWith(spec));
    return [...tests].sort((a, b) => place(a) - place(b));
  }

  /** The order does not depend on earlier runs. */
  cacheResults() {}
}
