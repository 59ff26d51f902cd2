/**
 * The setting under which `control` keeps a person's pause or cancellation of a backfill on every target: `paused`,
 * `cancelled`, or NULL for none. A target that gets its record later begins with this status.
 */
export const HOLD_SETTING = 'hold';
