import { dirname, resolve } from 'node:path';
import type { SqlParser } from 'nestjs-backfill-sql/tree';
import type { Evaluator } from '../../evaluate/evaluator.js';
import { sourceRoot } from '../../source/application-sources.js';
import type { ModuleLoader } from '../../source/module-loader.js';
import { type Application, readApplication } from '../../timeline/application.reader.js';

export interface ColumnReaderOptions {
  readonly parser: SqlParser;
  readonly evaluator: Evaluator;
  readonly loader: ModuleLoader;
  /** The folders and files of the migrations. */
  readonly paths: readonly string[];
}

/** Finds the entity that reads a column. It reads the application at the first question. */
export class ColumnReaders {
  readonly #options: ColumnReaderOptions;
  #application: Application | undefined;

  constructor(options: ColumnReaderOptions) {
    this.#options = options;
  }

  readerOf(table: { readonly schema?: string; readonly name: string }, column: string): string | undefined {
    this.#application ??= this.#read();
    const entity = this.#application.entities.find(
      (one) =>
        one.table.name === table.name &&
        !one.isDoubtful &&
        (one.table.schema === undefined || table.schema === undefined || one.table.schema === table.schema) &&
        one.columns.some(({ names, isDoubtful }) => !isDoubtful && names[0] === column),
    );
    return entity && `the entity ${entity.name}`;
  }

  #read(): Application {
    const { parser, evaluator, loader, paths } = this.#options;
    const sources = [...new Set(paths.map((path) => sourceRoot(dirname(resolve(path)))))];
    return readApplication({ parser, evaluator, loader, sources, isChecked: () => true });
  }
}
