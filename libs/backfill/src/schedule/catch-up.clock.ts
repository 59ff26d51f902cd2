/** What tells the time of day to catch-up's windows; a test hands in its own. */
export interface CatchUpClock {
  now(): Date;
}

export const SYSTEM_CLOCK: CatchUpClock = { now: () => new Date() };
