/**
 * A throttle that holds a run now.
 *
 * @publicApi
 */
export interface ActiveThrottle {
  /** E.g. `replica lag`, or the name of a check of the application. */
  readonly name: string;
  /** A phrase with the value and the limit, e.g. `replica "reports" is 12 s behind (limit 10 s)`. */
  readonly reason: string;
  /** ISO 8601, the database's clock. */
  readonly since: string;
}
