import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProjectSetup } from './setup.types.js';

const CONFIGS = ['js', 'mjs', 'cjs', 'ts', 'mts'].map((ending) => `eslint.config.${ending}`);

const PLUGIN = 'nestjs-backfill-guard/eslint';

/** The list of configurations, up to its first entry. */
const LIST = /^export default (?:\w+(?:\.\w+)?\()?\[?/m;

/** The plugin in the project's configuration of ESLint. */
export function eslintSetup(root: string): ProjectSetup {
  const path = CONFIGS.find((name) => existsSync(join(root, name)));
  if (path === undefined) return withoutConfig(root);
  const text = readFileSync(join(root, path), 'utf8');
  if (text.includes(PLUGIN)) return { files: [], hints: [] };
  const list = LIST.exec(text);
  if (!list || !/[[(]$/.test(list[0])) return { files: [], hints: [byHand(path, text)] };
  const end = list.index + list[0].length;
  const isBroken = /^\s*\n/.test(text.slice(end));
  const entry = isBroken ? '\n  backfill.configs.recommended,' : 'backfill.configs.recommended, ';
  return { files: [{ path, text: imported(`${text.slice(0, end)}${entry}${text.slice(end)}`) }], hints: [] };
}

/** Before the first import: a comment above it, such as `// @ts-check`, must stay the first line. */
function imported(text: string): string {
  const at = Math.max(0, text.search(/^(?:import|const|export)\b/m));
  return `${text.slice(0, at)}import backfill from '${PLUGIN}';\n${text.slice(at)}`;
}

function byHand(path: string, text: string): string {
  const load = /\bmodule\.exports\b/.test(text)
    ? `const backfill = require('${PLUGIN}')`
    : `import backfill from '${PLUGIN}'`;
  return `${path}: ${load}, and add backfill.configs.recommended to the exported list`;
}

/** The plugin does not work with the configuration of ESLint 8. */
function withoutConfig(root: string): ProjectSetup {
  const old = readdirSync(root).find((name) => /^\.eslintrc(?:\.|$)/.test(name));
  const hint = `${old ?? ''}: the plugin needs the flat configuration, eslint.config.js; then run init again`;
  return { files: [], hints: old === undefined ? [] : [hint] };
}
