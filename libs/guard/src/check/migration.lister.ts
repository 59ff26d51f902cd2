import { attempt } from '../evaluate/attempt.js';
import type { Evaluator } from '../evaluate/evaluator.js';
import {
  findMigrations,
  type MigrationCandidate,
  unreadCandidate,
} from '../evaluate/migrations/migration-classes.js';
import { topLevelClasses } from '../evaluate/migrations/top-level-classes.js';
import type { ParsedModule } from '../source/parsed-module.js';

export interface ListedMigrations {
  readonly migrations: readonly MigrationCandidate[];
  /** The module has none, not even one that is listed with another file. */
  readonly isEmpty: boolean;
}

/** Lists the migrations of modules, each once, although several modules may export it. */
export class MigrationLister {
  readonly #evaluator: Evaluator;
  readonly #isChecked: (path: string) => boolean;
  /** Classes of files that are not checked themselves, which a checked file exports again. */
  readonly #seen = new Set<string>();

  /** @param isChecked whether the classes of a file are listed when that file is checked */
  constructor(evaluator: Evaluator, isChecked: (path: string) => boolean) {
    this.#evaluator = evaluator;
    this.#isChecked = isChecked;
  }

  of(module: ParsedModule): ListedMigrations {
    const found = attempt(this.#evaluator, () =>
      findMigrations(this.#evaluator, module, this.#evaluator.moduleContext(module)),
    ) ?? [unreadCandidate('', module, 'the code of the module takes too many steps to follow')];
    return { migrations: this.placed(found, module), isEmpty: found.length === 0 };
  }

  /** @param found what the module exports or lists */
  placed(found: readonly MigrationCandidate[], module: ParsedModule): readonly MigrationCandidate[] {
    return found.flatMap((migration) => {
      if (migration.module === module) return [migration];
      if (!isTopLevel(migration)) return [{ ...migration, module, start: 0, end: 0 }];
      const { path } = migration.module.source;
      const key = `${path}\0${String(migration.start)}`;
      if (this.#isChecked(path) || this.#seen.has(key)) return [];
      this.#seen.add(key);
      return [migration];
    });
  }
}

/** Otherwise a function makes the class, and what it does depends on the call. */
function isTopLevel({ target, module }: MigrationCandidate): boolean {
  return target.kind === 'class' && topLevelClasses(module).includes(target.class.node);
}
