import { loadClassifier } from 'nestjs-backfill-sql';
import { loadParser } from 'nestjs-backfill-sql/tree';
import { fileCheck } from './file-check.js';
import { guardPlugin, type GuardPlugin } from './plugin.factory.js';

/**
 * The guard's rules for ESLint's flat configuration.
 *
 * @publicApi
 * @example
 * export default [plugin.configs.recommended];
 */
const plugin: GuardPlugin = guardPlugin(fileCheck(await loadClassifier(), await loadParser()));

export default plugin;
