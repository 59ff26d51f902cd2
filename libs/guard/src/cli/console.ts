/** The output streams of a command. */
export interface Console {
  readonly out: (text: string) => void;
  readonly error: (text: string) => void;
  /** The output is a terminal that shows colours. */
  readonly colour: boolean;
}

/** The command's exit codes. */
export const EXIT = { clean: 0, violations: 1, unusable: 2 } as const;
