const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

/** The longest time that a Node.js timer can hold, some 24 days. */
export const MAX_DURATION_MS = 2_147_483_647;

/**
 * @param text a number and its unit: `500ms`, `90s`, `10m`, `1.5h`
 * @returns milliseconds; undefined when it is no duration, or longer than a timer can hold
 */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text);
  if (!match) return undefined;
  const milliseconds = Math.round(Number(match[1]) * UNITS[match[2] as keyof typeof UNITS]);
  return milliseconds <= MAX_DURATION_MS ? milliseconds : undefined;
}
