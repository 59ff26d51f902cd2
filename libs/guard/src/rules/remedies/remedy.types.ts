/**
 * The explanation of a rule. Reports, SARIF and the documentation pages print it.
 *
 * @publicApi
 */
export interface Remedy {
  readonly title: string;
  /** The danger, in one or two sentences. */
  readonly danger: string;
  readonly steps: readonly string[];
  /** A migration that the rule refuses. */
  readonly refused: string;
  /** The code to write instead. */
  readonly instead: string;
}
