/**
 * The explanation of a lock rule. Refusals, reports and the documentation pages print it.
 *
 * @publicApi
 */
export interface LockRemedy {
  /** A noun phrase. */
  readonly title: string;
  readonly danger: string;
  /** When the rule does not report the statement. */
  readonly safeWhen: readonly string[];
  readonly steps: readonly string[];
  /** Code that the rule refuses. */
  readonly refused: string;
  /** Code to use instead. */
  readonly instead: string;
}
