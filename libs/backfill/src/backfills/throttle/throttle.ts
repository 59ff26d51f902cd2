import type { Parameters } from '../../postgres/parameters.js';

/** A throttle that the database itself is asked about: one column of the query that reads them all. */
export interface ServerThrottle {
  /** As it is told to people, e.g. `replica lag`. */
  readonly name: string;
  /** It looks at the locks of the table: `TABLE_LOCKS` stands before its query. */
  readonly usesLocks?: true;
  /** A query of one value, to stand in parentheses; NULL where there is nothing to tell. Readable by every role. */
  query(parameters: Parameters): string;
  /**
   * @param value in text format
   * @returns why to wait, in words that follow the name; null when all is well
   * @throws ThrottleUnreadableError when the value does not tell
   */
  judge(value: string | null): string | null;
}

/** What holds a run at this moment. */
export interface ActiveThrottle {
  /** E.g. `replica lag`, or the name of the application's own check. */
  readonly name: string;
  /** In words, with the value and the limit. */
  readonly reason: string;
  /** ISO 8601, the database's clock. */
  readonly since: string;
}

/** SQL: sessions that belong to a backfill, which do not wait for each other. */
export const OURS = `'nestjs-backfill:%'`;

/** `1.5 GB`, `300 MB`. */
export function renderBytes(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  let [value, unit] = [bytes, 0];
  while (value >= 1024 && unit < units.length - 1) [value, unit] = [value / 1024, unit + 1];
  return `${Number(value.toFixed(value < 10 && unit > 0 ? 1 : 0))} ${units[unit]}`;
}
