import type { BuilderVerb, Condition, EntityName } from '../values/database-value.js';
import type { Site, TextValue, UnknownValue, Value } from '../values/value.js';

/**
 * What a statement is repeated over.
 * - `rows`: rows read from the database, or as long as rows are found
 * - `values`: a list written in the code
 * - `unknown`: something whose length is not known
 */
export type LoopKind = 'rows' | 'values' | 'unknown';

export interface Occurrence {
  /** The expression that reaches the database, or that could not be followed. */
  readonly site: Site;
  /** Calls that lead there, outermost first. */
  readonly frames: readonly Site[];
  /** The loops around it, outermost first. */
  readonly loops: readonly LoopKind[];
}

/** SQL is sent. */
export interface SqlEvent extends Occurrence {
  readonly kind: 'sql';
  readonly text: TextValue | UnknownValue;
  /** The configured helper that it was passed to, e.g. `execDml`. */
  readonly helper?: string;
  /** It was given to a function that could not be read: only a text that parses counts as SQL. */
  readonly guessed?: true;
}

export type OrmVerb = 'save' | 'insert' | 'update' | 'delete' | 'truncate';

/** TypeORM writes by itself, through a manager, a repository, an entity or a builder. */
export interface OrmEvent extends Occurrence {
  readonly kind: 'orm';
  readonly through: 'manager' | 'repository' | 'entity' | 'builder' | 'runner';
  /** The method's name, e.g. `softDelete`. */
  readonly method: string;
  readonly verb: OrmVerb;
  readonly entity?: EntityName;
  /** Missing: no WHERE at all. */
  readonly conditions?: readonly Condition[];
  readonly columns: ReadonlyMap<string, Value>;
  readonly rows?: number;
}

/** A configured helper that changes data is called. */
export interface HelperEvent extends Occurrence {
  readonly kind: 'helper';
  readonly name: string;
}

/**
 * What stopped the evaluation.
 * - `helper`: a function that receives the database and whose code could not be read
 * - `application`: code of an application that is started inside the migration
 * - `outside`: a program, another thread or a text run as code, which may reach the database by itself
 * - `sql`: SQL whose text is not known
 * - `budget`: the code is too large to follow
 * - `module`: a migration whose class could not be found
 */
export type StopReason = 'helper' | 'application' | 'outside' | 'sql' | 'budget' | 'module';

export interface UndecidedEvent extends Occurrence {
  readonly kind: 'undecided';
  readonly reason: StopReason;
  readonly expression: string;
}

export type EvaluationEvent = SqlEvent | OrmEvent | HelperEvent | UndecidedEvent;

export const ORM_VERB_OF_BUILDER = {
  insert: 'insert',
  update: 'update',
  delete: 'delete',
  'soft-delete': 'update',
  restore: 'update',
  relation: 'update',
} as const satisfies Record<Exclude<BuilderVerb, 'select'>, OrmVerb>;
