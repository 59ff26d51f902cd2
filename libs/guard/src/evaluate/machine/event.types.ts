import type {
  Condition,
  EntityName,
  RowList,
  Site,
  TextValue,
  UnknownValue,
  Value,
} from '../values/value.types.js';

/**
 * What a loop iterates over.
 * - `rows`: rows read from the database; also a loop that runs until no row is left
 * - `values`: a list written in the code
 * - `unknown`: something of unknown length
 */
export type LoopKind = 'rows' | 'values' | 'unknown';

/** The condition of the code of a catch clause. */
export const CATCH = 'catch';

export interface Occurrence {
  /** The expression that reaches the database, or that cannot be followed. */
  readonly site: Site;
  /** The calls that lead to it, outermost first. */
  readonly frames: readonly Site[];
  /** The loops around it, outermost first. */
  readonly loops: readonly LoopKind[];
  /** The condition that probably keeps PostgreSQL from running it, although nothing proves it. */
  readonly doubt?: string;
  /** The code of the conditions around it that are not certain, outermost first. */
  readonly underConditions?: readonly string[];
}

/** SQL is sent. */
export interface SqlEvent extends Occurrence {
  readonly kind: 'sql';
  readonly text: TextValue | UnknownValue;
  /** The configured helper that receives it, e.g. `execDml`. */
  readonly helper?: string;
  /** A function that cannot be read receives it: only a text that parses counts as SQL. */
  readonly guessed?: true;
}

export type OrmVerb = 'save' | 'insert' | 'update' | 'delete' | 'truncate';

/** TypeORM writes rows through a manager, a repository, an entity, a builder or the runner. */
export interface OrmEvent extends Occurrence {
  readonly kind: 'orm';
  readonly through: 'manager' | 'repository' | 'entity' | 'builder' | 'runner';
  /** The method's name, e.g. `softDelete`. */
  readonly method: string;
  readonly verb: OrmVerb;
  readonly entity?: EntityName;
  /** Missing when there is no WHERE. */
  readonly conditions?: readonly Condition[];
  readonly columns: ReadonlyMap<string, Value>;
  /** The number of rows that it receives, if it is known. */
  readonly rows?: number;
  /** Where a list of unknown length comes from; missing if that is not known either. */
  readonly list?: RowList;
}

/** A configured helper that changes data is called. */
export interface HelperEvent extends Occurrence {
  readonly kind: 'helper';
  readonly name: string;
}

/**
 * What stopped the evaluation.
 * - `helper`: a function that receives the database and whose code cannot be read
 * - `application`: code of an application that the migration starts
 * - `outside`: a program, another thread or a text run as code, which may open its own connection to the database
 * - `unknown`: a value that is set elsewhere or that was not read, and that may give access to the database
 * - `sql`: SQL with unknown text
 * - `synchronize`: TypeORM changes tables as the entities say
 * - `budget`: code that is too large to follow
 * - `module`: a migration class that was not found
 */
export type StopReason =
  'helper' | 'application' | 'outside' | 'unknown' | 'sql' | 'synchronize' | 'budget' | 'module';

export interface UndecidedEvent extends Occurrence {
  readonly kind: 'undecided';
  readonly reason: StopReason;
  readonly expression: string;
}

/** The query runner changes the schema or its transaction through a method of its own, e.g. `addColumn`. */
export interface SchemaEvent extends Occurrence {
  readonly kind: 'schema';
  readonly method: string;
  readonly args: readonly Value[];
}

export type EvaluationEvent = SqlEvent | OrmEvent | HelperEvent | UndecidedEvent | SchemaEvent;
