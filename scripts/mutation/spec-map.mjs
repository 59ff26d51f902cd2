import { readFileSync, writeFileSync } from 'node:fs';

/** Kept in the repository: which functions each spec runs, measured by `npm run test:mutation -- --measure`. */
const FILE = 'test/mutation/spec-map.json';

const COMPARES_WHOLE_RESULTS = /\brecorded\b/;

/**
 * @typedef {object} SpecMap
 * @property {Record<string, number>} specs milliseconds of each spec
 * @property {Record<string, Record<string, number>>} functions by file and function: the index of its list of specs
 * @property {string[]} lists indexes of specs in `specs`, joined by commas: many functions share a list
 */

/** Which specs run a function, and how long they take. */
export class SpecsOfFunctions {
  /** @type {Map<string, number>} */
  #durations = new Map();
  /** @type {Map<string, Set<string>>} by `file|function` */
  #specs = new Map();

  static read() {
    const map = new SpecsOfFunctions();
    /** @type {SpecMap} */
    const { specs, functions, lists } = JSON.parse(readFileSync(FILE, 'utf8'));
    map.#durations = new Map(Object.entries(specs));
    const names = Object.keys(specs);
    for (const [file, scopes] of Object.entries(functions)) {
      for (const [scope, list] of Object.entries(scopes)) {
        const running = (lists[list] ?? '').split(',').map((index) => String(names[Number(index)]));
        map.#specs.set(`${file}|${scope}`, new Set(running));
      }
    }
    return map;
  }

  /** Replaces what was known of a spec. @param {string} spec @param {number} ms @param {readonly string[]} hits */
  record(spec, ms, hits) {
    for (const specs of this.#specs.values()) specs.delete(spec);
    this.#durations.set(spec, Math.round(ms));
    for (const hit of hits) this.#specs.set(hit, (this.#specs.get(hit) ?? new Set()).add(spec));
  }

  /** @param {(file: string) => boolean} isKept whether a file's functions are kept */
  write(isKept) {
    const names = [...this.#durations.keys()].sort();
    const index = new Map(names.map((name, at) => [name, at]));
    /** @type {Map<string, number>} */
    const lists = new Map();
    /** @type {SpecMap['functions']} */
    const functions = {};
    for (const [key, specs] of [...this.#specs].sort(([a], [b]) => a.localeCompare(b))) {
      const [file = '', scope = ''] = key.split('|');
      if (!isKept(file) || specs.size === 0) continue;
      const list = [...specs]
        .map((spec) => Number(index.get(spec)))
        .sort((a, b) => a - b)
        .join(',');
      if (!lists.has(list)) lists.set(list, lists.size);
      (functions[file] ??= {})[scope] = Number(lists.get(list));
    }
    const specs = Object.fromEntries(names.map((name) => [name, this.duration(name)]));
    const lines = (/** @type {object} */ record) =>
      Object.entries(record).map(([key, value]) => `    ${JSON.stringify(key)}: ${JSON.stringify(value)}`);
    writeFileSync(
      FILE,
      `{\n  "specs": {\n${lines(specs).join(',\n')}\n  },\n  "functions": {\n${lines(functions).join(',\n')}\n  },\n` +
        `  "lists": [\n${[...lists.keys()].map((list) => `    "${list}"`).join(',\n')}\n  ]\n}\n`,
    );
  }

  /** @param {string} spec */
  duration(spec) {
    return this.#durations.get(spec) ?? 0;
  }

  /**
   * The specs that run the code of a mutant, those first that are likely to notice it soon: quick ones, those that
   * run much of its file or what few others run of it, those whose folder has the name of its folder, and those
   * that compare whole results. Of a function that is newer than the map, the specs of its file.
   *
   * @param {{ path: string, scope: string }} mutant
   * @returns {string[]}
   */
  specsFor({ path, scope }) {
    const functions = [...this.#specs].filter(([key]) => key.startsWith(`${path}|`));
    const specs =
      this.#specs.get(`${path}|${scope}`) ??
      this.#ofModuleLevel(path, scope) ??
      new Set(functions.flatMap(([, others]) => [...others]));
    const folder = `/${path.split('/').at(-2)}/`;
    /** @param {string} spec */
    const cost = (spec) => {
      const run = functions.filter(([, others]) => others.has(spec));
      const fewest = Math.min(...run.map(([, others]) => others.size));
      const distance = (2 - run.length / functions.length) * Math.sqrt(fewest);
      const isLikely = spec.includes(folder) || COMPARES_WHOLE_RESULTS.test(spec);
      return (this.duration(spec) + 500) * (isLikely ? 0.3 : 1) * distance;
    };
    const costs = new Map([...specs].map((spec) => [spec, cost(spec)]));
    return [...specs].sort((a, b) => Number(costs.get(a)) - Number(costs.get(b)));
  }

  /** Code outside of functions runs when its module is loaded. @param {string} path @param {string} scope */
  #ofModuleLevel(path, scope) {
    const isOutside = scope === '' || scope.endsWith('.');
    return isOutside ? this.#specs.get(`${path}|`) : undefined;
  }
}
