import type * as ast from 'oxc-parser';
import type { ParsedModule } from '../../source/parsed-module.js';
import type { SourceText } from '../../source/source-text.js';

/**
 * What the evaluator knows about a value without running the program. The lattice is shallow on purpose: it
 * follows texts with holes, containers, functions and database handles. Everything else is `unknown`, with
 * the expression it came from.
 */
export type Value =
  | TextValue
  | ConstantValue
  | ArrayValue
  | ObjectValue
  | FunctionValue
  | ClassValue
  | NativeValue
  | NamespaceValue
  | DatabaseValue
  | ChoiceValue
  | UnknownValue;

/** The position of a piece of code or SQL. */
export interface Site {
  readonly source: SourceText;
  readonly start: number;
  readonly end: number;
}

/**
 * A literal piece of a text. `site` is missing for a computed piece, which appears nowhere in the source as
 * it is.
 */
export interface Chunk {
  readonly text: string;
  readonly site?: Site;
}

/** A piece of a text with unknown content. `expression` is the code that yields it. */
export interface Hole {
  readonly expression: string;
  readonly facts: Facts;
}

export type TextPart = Chunk | Hole;

export interface TextValue {
  readonly kind: 'text';
  readonly parts: readonly TextPart[];
}

export interface ConstantValue {
  readonly kind: 'constant';
  readonly value: number | bigint | boolean | null | undefined | RegExp;
}

export interface ArrayValue {
  readonly kind: 'array';
  items: Value[];
  /** It may hold more items like these: it was filled in a loop, or with the items of an unknown value. */
  isOpen: boolean;
  /** The program may have removed some of the items. */
  mayLack?: true;
  /** It is a Map: the items are pairs of a key and a value. */
  readonly isMap?: true;
}

export interface ObjectValue {
  readonly kind: 'object';
  readonly properties: Map<string, Value>;
  /** The class of an instance. */
  readonly class?: ClassValue;
  /** The `set` accessors of an object literal. */
  readonly setters?: Map<string, FunctionValue>;
  /** It may have properties that are not listed. */
  isOpen: boolean;
  facts: Facts;
}

export type FunctionNode = ast.Function | ast.ArrowFunctionExpression;

export interface FunctionValue {
  readonly kind: 'function';
  readonly node: FunctionNode;
  readonly scope: Scope;
  readonly module: ParsedModule;
  readonly thisValue?: Value;
  /** The class whose parent is `super`. */
  readonly definedIn?: ClassValue;
  readonly name: string;
  /** The first arguments, set by `bind`. */
  readonly boundArguments?: readonly Value[];
  /** A property of an object that is computed when it is read. */
  readonly isGetter?: true;
  /** A generator that implements an async function in code compiled for old targets. */
  readonly isAsync?: true;
}

export interface ClassValue {
  readonly kind: 'class';
  readonly node: ast.Class;
  readonly scope: Scope;
  readonly module: ParsedModule;
  readonly name: string;
  readonly statics: Map<string, Value>;
}

/**
 * A function or namespace of the platform or of a known package, by its dotted name, e.g. `Object.values`,
 * `path.join`.
 */
export interface NativeValue {
  readonly kind: 'native';
  readonly name: string;
  /** The value whose method it is, e.g. the array of `array.push`. */
  readonly receiver?: Value;
}

/** All exports of a module: `import * as x`, `require()`. */
export interface NamespaceValue {
  readonly kind: 'namespace';
  readonly module: ParsedModule;
}

/** One of several values, e.g. of both arms of a ternary. */
export interface ChoiceValue {
  readonly kind: 'choice';
  readonly options: readonly Value[];
}

/** The origin of an unknown value. It decides how statements with this value are judged. */
export interface Facts {
  /** It was read from the database: a loop over it is a loop over rows. */
  readonly rows?: boolean;
  /** It is a row that the ORM read: `row.save()` writes. */
  readonly entity?: boolean;
  /** It comes from an application that the migration starts. */
  readonly application?: boolean;
  /** It gives access to the database although its type is not known, e.g. the context of a wrapper. */
  readonly database?: boolean;
  /** Nothing is known about it: it is set elsewhere, or it comes from code that was not read. */
  readonly opaque?: boolean;
  /** The specifier of the unread module that exports it. */
  readonly module?: string;
  /** The module belongs to a package in `node_modules`, not to the project. */
  readonly package?: boolean;
}

export interface UnknownValue {
  readonly kind: 'unknown';
  /**
   * The code that yields it, for messages. Conventions such as `DB_TYPE` are recognized by its last name.
   */
  readonly expression: string;
  readonly facts: Facts;
  /** What it probably is as a condition, although nothing proves it. */
  readonly likely?: boolean;
  /** The name by which TypeORM found the table or column that has this name. It decides no condition. */
  readonly found?: string;
  /** It is any number of values: `...rows` among arguments. */
  readonly isSpread?: true;
}

/** A variable. A module-level variable is computed when it is first read. */
export interface Variable {
  value: Value | undefined;
  compute?: (() => Value) | undefined;
}

/** Variables by name, and the scope that encloses them. */
export interface Scope {
  declare(name: string, value: Value): Variable;
  declareLazy(name: string, compute: () => Value): void;
  find(name: string): Variable | undefined;
  /** The value of `this`. */
  thisValue(): Value | undefined;
  /** The scope of the enclosing function, which holds its `var` declarations. */
  functionScope(): Scope;
}

/** The database handles of TypeORM. `source` is a data source or a connection. */
export type DatabaseRole = 'runner' | 'source' | 'manager' | 'repository' | 'builder';

export interface DatabaseValue {
  readonly kind: 'database';
  readonly role: DatabaseRole;
  /** The entity of a repository or builder, when it is known. */
  readonly entity?: EntityName;
  /** The state of a builder. */
  readonly builder?: BuilderState;
  /** The methods that `extend` added to a repository. */
  readonly methods?: ReadonlyMap<string, Value>;
}

/** An entity as the migration names it: its class, its name in a string, or its table. */
export interface EntityName {
  readonly name: string;
  readonly table: string;
  readonly class?: ClassValue;
}

export type BuilderVerb = 'select' | 'insert' | 'update' | 'delete' | 'soft-delete' | 'restore' | 'relation';

/**
 * - `read`: rows of the database
 * - `code`: a list that the code builds without reading rows
 */
export type RowList = 'read' | 'code';

/** Shared by all calls of one chain, because a TypeORM builder changes in place. */
export interface BuilderState {
  verb: BuilderVerb;
  entity?: EntityName;
  readonly conditions: Condition[];
  readonly columns: Map<string, Value>;
  /** The number of rows of `values([...])`, when it is known. */
  rows?: number;
  /** Where the rows of `values(list)` come from, when their number is not known. */
  list?: RowList;
}

/** The known part of a WHERE: SQL text, or the columns of a find condition. */
export interface Condition {
  readonly text?: TextValue;
  readonly columns: readonly string[];
  readonly facts: Facts;
}
