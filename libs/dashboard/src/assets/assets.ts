import { createHash } from 'node:crypto';
import { LIVE_SCRIPT } from './live.script.js';
import { STYLE } from './style.sheet.js';

/** A file that the pages load. */
export interface Asset {
  readonly type: string;
  readonly text: string;
}

const ASSETS: Readonly<Record<string, Asset>> = {
  'style.css': { type: 'text/css; charset=utf-8', text: STYLE },
  'live.js': { type: 'text/javascript; charset=utf-8', text: LIVE_SCRIPT },
};

/** Changes with the files, so that browsers can keep them for a year. */
export const ASSETS_VERSION = createHash('sha256')
  .update(STYLE + LIVE_SCRIPT)
  .digest('base64url')
  .slice(0, 12);

export function findAsset(file: string): Asset | null {
  return Object.hasOwn(ASSETS, file) ? (ASSETS[file] ?? null) : null;
}
