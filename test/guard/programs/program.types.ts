/** A small program: a migration, and modules around it. The guard does not see what starts them. */
export interface Program {
  /** Modules by file name, the migration among them. */
  readonly files: Readonly<Record<string, string>>;
  /** The body of `boot(source)`, which runs before the migration. The guard never reads it. */
  readonly boot: string;
}

/** A value that exists when the migration runs, and the code that yields it. */
export interface Binding {
  /** Top-level code of the migration's module. */
  readonly head?: string;
  /** The text of the module `late.mjs`. */
  readonly module?: string;
  /** Code of the start-up; `VALUE` stands for the value, `late` for the namespace of `late.mjs`. */
  readonly boot: string;
  /** The expression in the migration. */
  readonly expression: string;
}

/** The migration's file. */
export const MIGRATION = '1757000000000-example.mjs';
