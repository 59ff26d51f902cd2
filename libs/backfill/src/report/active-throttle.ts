/**
 * A throttle that makes a run wait now.
 *
 * @publicApi
 */
export interface ActiveThrottle {
  /** The name of the throttle, e.g. `replica lag`, or of the application's throttle check. */
  readonly name: string;
  /** A phrase with the value and the limit, e.g. `replica "reports" is 12 s behind (limit 10 s)`. */
  readonly reason: string;
  /** The start of the wait. ISO 8601, the database's clock. */
  readonly since: string;
}
