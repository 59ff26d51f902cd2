/**
 * The plugin for `require('nestjs-backfill-guard/eslint')`. The parser is WebAssembly, which loads
 * asynchronously: an ES module waits for it, and `require()` cannot. Here a worker thread loads it at the first
 * file.
 *
 * @packageDocumentation
 */
import { checkInWorker } from './worker.client.js';
import { guardPlugin, type GuardPlugin } from './plugin.factory.js';

/**
 * The guard's rules for ESLint's flat configuration.
 *
 * @publicApi
 * @example
 * const guard = require('nestjs-backfill-guard/eslint');
 * module.exports = [guard.configs.recommended];
 */
const plugin: GuardPlugin = guardPlugin(checkInWorker());

// `require()` returns the exports, which are the plugin; TypeScript's `import` takes `default`.
/** The name and version of the plugin. @publicApi */
export const meta = plugin.meta;
/** The rules by their names. @publicApi */
export const rules = plugin.rules;
/** `recommended`: all rules are errors except `backfill-comment`, which warns. @publicApi */
export const configs = plugin.configs;
export default plugin;
