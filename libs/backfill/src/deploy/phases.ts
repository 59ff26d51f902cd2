/** The phases of a deployment, in the order in which they run. */
export const PHASES = ['migrate', 'indexes', 'backfill'] as const;

export type Phase = (typeof PHASES)[number];
