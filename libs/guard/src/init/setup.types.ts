/** A file that `init` writes or changes. */
export interface SetupFile {
  /** Relative to the project. */
  readonly path: string;
  readonly text: string;
}

/** What `init` does in a project, and the lines that a person adds. */
export interface ProjectSetup {
  readonly files: readonly SetupFile[];
  readonly hints: readonly string[];
}
