/** The clock that opens and closes the windows of catch-up. A test provides its own. @publicApi */
export interface CatchUpClock {
  now(): Date;
}

export const SYSTEM_CLOCK: CatchUpClock = { now: () => new Date() };
