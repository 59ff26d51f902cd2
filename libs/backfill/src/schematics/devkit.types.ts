/** A folder of the files that a generator reads and writes, as `@angular-devkit/schematics` gives it. */
export interface TreeFolder {
  visit(visitor: (path: string) => void): void;
}

/** The files of the application: the part of the devkit's `Tree` that the generators use. */
export interface Tree {
  exists(path: string): boolean;
  readText(path: string): string;
  create(path: string, content: string): void;
  overwrite(path: string, content: string): void;
  getDir(path: string): TreeFolder;
}

/** A task after the files are written: the part of the devkit's `TaskConfigurationGenerator` that is used. */
export interface Task {
  toConfiguration(): { readonly name: string; readonly options: object };
}

export interface SchematicContext {
  readonly logger: {
    info(message: string): void;
    warn(message: string): void;
  };
  addTask(task: Task, dependencies?: readonly object[]): object;
}

/** A change of the application's files. The devkit calls it. */
export type Rule = (tree: Tree, context: SchematicContext) => void;
