import { createHash } from 'node:crypto';
import { relative } from 'node:path';
import swc from '@swc/jest';
import { withProbes } from './probes.mjs';

/**
 * Compiles TypeScript like `@swc/jest`, with one mutation or with probes. Files on disk stay as they are, so that
 * an interrupted run leaves no fault behind.
 *
 * - `MUTATION`: `{ path, start, end, replacement }`
 * - `MUTATION_PROBES`: probes in every file of the libraries
 *
 * @type {{ path: string, start: number, end: number, replacement: string } | undefined}
 */
const MUTATION = process.env['MUTATION'] ? JSON.parse(process.env['MUTATION']) : undefined;
const HAS_PROBES = process.env['MUTATION_PROBES'] !== undefined;

export default {
  /** @param {any} options of `@swc/jest` */
  createTransformer(options) {
    const compiler = /** @type {any} */ (swc.createTransformer(options));
    /** @param {string} text @param {string} file */
    const changed = (text, file) => {
      const path = relative(process.cwd(), file);
      if (MUTATION?.path === path)
        return text.slice(0, MUTATION.start) + MUTATION.replacement + text.slice(MUTATION.end);
      return HAS_PROBES && /^libs\/[^/]+\/src\//.test(path) ? withProbes(path, text) : text;
    };
    return {
      ...compiler,
      /** @param {string} text @param {string} file @param {any} rest */
      process: (text, file, rest) => compiler.process(changed(text, file), file, rest),
      /** @param {string} text @param {string} file @param {any} rest */
      processAsync: (text, file, rest) => compiler.processAsync(changed(text, file), file, rest),
      /** @param {string} text @param {string} file @param {any} rest */
      getCacheKey: (text, file, rest) =>
        createHash('sha1')
          .update(compiler.getCacheKey(changed(text, file), file, rest))
          .digest('hex'),
    };
  },
};
