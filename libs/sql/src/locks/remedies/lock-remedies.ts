import type { LockRule } from '../lock.types.js';
import type { LockRemedy } from './lock-remedy.types.js';
import { RELEASE_REMEDIES } from './release.remedies.js';
import { REWRITE_REMEDIES } from './rewrite.remedies.js';
import { SCAN_REMEDIES } from './scan.remedies.js';
import { SESSION_REMEDIES } from './session.remedies.js';

/**
 * The explanation of each lock rule.
 *
 * @publicApi
 */
export const LOCK_REMEDIES = {
  ...SCAN_REMEDIES,
  ...REWRITE_REMEDIES,
  ...RELEASE_REMEDIES,
  ...SESSION_REMEDIES,
} as const satisfies Record<LockRule, LockRemedy>;
