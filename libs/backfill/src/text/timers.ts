/** The longest delay that a Node.js timer takes, about 24 days. A timer with a longer delay fires at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1;
