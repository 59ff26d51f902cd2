/**
 * What classifying a SQL text yields. Plain data: the run-time guard and the static guard word and judge it, each in
 * its own way.
 */

/**
 * - `schema`: changes or maintains definitions; also CREATE/REFRESH MATERIALIZED VIEW, whose rows are derived
 * - `read`: changes nothing
 * - `data`: changes rows for certain; `findings` says which
 * - `session`: SET, BEGIN, LOCK and their like
 * - `unknown`: not decided by the text alone; `unknowns` says what stopped it
 */
export type StatementEffect = 'schema' | 'read' | 'data' | 'session' | 'unknown';

/** How rows are changed, wherever the change stands. */
export const DML_OPERATIONS = [
  'update',
  'insert',
  'insert-select',
  'delete',
  'merge',
  'copy',
  'truncate',
  'create-table-as',
  'select-into',
  'large-object',
] as const;
export type DmlOperation = (typeof DML_OPERATIONS)[number];

/** The operation, or the wrapping that hides it from a reader: a DO block, a called function or procedure. */
export type StatementRule = DmlOperation | 'do-block-dml' | 'function-call-dml';

/** A place in the classified text: `offset` in UTF-16 code units from 0, `line` and `column` from 1. */
export interface TextPosition {
  readonly offset: number;
  readonly line: number;
  readonly column: number;
}

/** A table as it was written: without a schema where none was written, names folded as PostgreSQL folds them. */
export interface TableName {
  readonly schema?: string;
  readonly name: string;
}

/**
 * One AND-ed part of a WHERE.
 * - `tautology`: always true (`true`, `1 = 1`, `id = id`)
 * - `join`: compares columns of two relations, and nothing else
 * - `is-null`: `column IS NULL` of the changed table
 * - `filter`: anything that can leave rows out
 */
export type ConjunctKind = 'tautology' | 'join' | 'is-null' | 'filter';

export interface Conjunct {
  readonly kind: ConjunctKind;
  /** The columns that it names, last name part only. */
  readonly columns: readonly string[];
}

export interface WhereShape {
  /** As written, comments left out. */
  readonly text: string;
  readonly conjuncts: readonly Conjunct[];
  /** True when it consists of tautologies alone. */
  readonly tautology: boolean;
  /** True when nothing but join conditions (and tautologies) narrows it. */
  readonly joinOnly: boolean;
  /** Columns tested `IS NULL` when nothing else narrows the statement; empty otherwise. */
  readonly onlyNullColumns: readonly string[];
  /** True when at least one part is a `filter`. */
  readonly selective: boolean;
}

export interface SetColumn {
  readonly column: string;
  /** The expression as written, comments left out. */
  readonly expression: string;
}

/** One change of rows, found in the text. */
export interface DataFinding {
  readonly rule: StatementRule;
  readonly operation: DmlOperation;
  /** The changed table; missing for large objects. */
  readonly table?: TableName;
  readonly position: TextPosition;
  /** The changing statement itself, as written: inside a DO block or CTE, that inner statement. */
  readonly text: string;
  /** `text` with comments removed, whitespace collapsed, and unquoted words in lower case: what a fingerprint is made of. */
  readonly normalized: string;
  /** Missing: there is no WHERE, or the operation has none. */
  readonly where?: WhereShape;
  /** Columns that an UPDATE sets, or an INSERT names (then with an empty expression). */
  readonly set: readonly SetColumn[];
  /** Other tables that it reads (FROM, USING, SELECT). */
  readonly sources: readonly TableName[];
  /** Rows of an INSERT … VALUES; missing otherwise. */
  readonly rows?: number;
  /** It stands inside a PL/pgSQL loop. */
  readonly inLoop: boolean;
  /** It stands in a CTE (`WITH d AS (DELETE …)`). */
  readonly inCte: boolean;
  /** Through which wrappings it is reached, outermost first: `DO block`, `function app.fill()`, `EXECUTE`. */
  readonly via: readonly string[];
  /** It was put together at run time: `text` is the recognisable part, with `_dynamic_` in place of the rest. */
  readonly dynamic: boolean;
}

/**
 * What the text alone cannot decide.
 * - `dynamic-sql`: EXECUTE of a string that is not constant
 * - `unresolved-call`: a function or procedure that is neither PostgreSQL's own nor known from `routines`
 * - `wrapped-call`: a view, operator, aggregate or cast over a routine that changes rows: whoever uses it later runs that
 * - `unparsed-body`: a DO block or routine body that the PL/pgSQL parser refuses; `detail` is its message
 * - `foreign-language`: a body in a language that is not SQL or PL/pgSQL
 * - `remote-sql`: dblink and COPY … PROGRAM, whose effect PostgreSQL's counters do not show
 * - `unknown-prepared`: EXECUTE of a statement prepared elsewhere
 * - `unknown-statement`: a kind of statement that this version does not know
 */
export type UnknownKind =
  | 'dynamic-sql'
  | 'unresolved-call'
  | 'wrapped-call'
  | 'unparsed-body'
  | 'foreign-language'
  | 'remote-sql'
  | 'unknown-prepared'
  | 'unknown-statement';

export interface Unknown {
  readonly kind: UnknownKind;
  readonly position: TextPosition;
  readonly text: string;
  readonly detail: string;
  /** For `unresolved-call`. */
  readonly call?: RoutineCall;
  /**
   * For `dynamic-sql`: the effect of the string's constant part with `_dynamic_` in place of the rest, when that parses.
   * Not a proof: a value spliced in unquoted can carry anything. (Where every spliced value passes through `%I`, `%L`,
   * `quote_ident`, `quote_literal` or `::regclass` it is a proof, and the string is not reported as unknown at all.)
   */
  readonly likely?: StatementEffect;
  /** Through which wrappings it is reached, outermost first. */
  readonly via: readonly string[];
}

export interface RoutineCall {
  readonly schema?: string;
  readonly name: string;
  readonly arguments: number;
  readonly position: TextPosition;
  /** `f(...)` in an expression, or `CALL p()`. */
  readonly kind: 'function' | 'procedure';
}

/** A function or procedure that a text creates, and what its body does when it is called. */
export interface Routine {
  readonly kind: 'function' | 'procedure';
  readonly schema?: string;
  readonly name: string;
  readonly language: string;
  /** Input parameters: with schema and name, what tells overloads apart. */
  readonly parameters: number;
  readonly position: TextPosition;
  readonly body: BodyAnalysis;
}

export interface BodyAnalysis {
  readonly findings: readonly DataFinding[];
  readonly unknowns: readonly Unknown[];
  readonly calls: readonly RoutineCall[];
  /** Server settings that it changes while it runs. */
  readonly settings: readonly SettingChange[];
  /** It commits or rolls back by itself. */
  readonly controlsTransaction: boolean;
}

export type TransactionControl =
  'begin' | 'commit' | 'rollback' | 'savepoint' | 'release' | 'rollback-to' | 'prepare';

export interface Statement {
  /** PostgreSQL's own name of the node, e.g. `UpdateStmt`, `AlterTableStmt`. */
  readonly node: string;
  readonly effect: StatementEffect;
  /** As written, without surrounding whitespace and comments. */
  readonly text: string;
  readonly position: TextPosition;
  /** Offset behind its last character. */
  readonly end: number;
  readonly findings: readonly DataFinding[];
  readonly unknowns: readonly Unknown[];
  /** Functions and procedures that run with it and are not PostgreSQL's own. */
  readonly calls: readonly RoutineCall[];
  /** Functions and procedures that it creates or replaces. */
  readonly creates: readonly Routine[];
  /** Server settings that it changes: SET, RESET, `set_config()`. */
  readonly settings: readonly SettingChange[];
  readonly transaction?: TransactionControl;
  /** The name that a PREPARE gives; a PREPARE of a data change is a finding itself. */
  readonly prepares?: string;
  /** A DO block or an expanded routine that commits or rolls back by itself. */
  readonly controlsTransaction: boolean;
  /** PostgreSQL runs it only outside a transaction (CREATE INDEX CONCURRENTLY, VACUUM and their like). */
  readonly refusesTransaction: boolean;
}

export interface SettingChange {
  /** Lower case; `*` for one that is computed, and for RESET ALL. */
  readonly name: string;
  /** As text; missing for RESET, SET … TO DEFAULT, and what is computed. */
  readonly value?: string;
}

/** Why the text could not be parsed. Nothing of such a text is known, not even its first statement. */
export interface ParseFailure {
  /** PostgreSQL's own message. */
  readonly message: string;
  readonly position: TextPosition;
}

export interface Classification {
  /** Empty when the text could not be parsed. */
  readonly statements: readonly Statement[];
  readonly failure?: ParseFailure;
}

export interface ClassifyOptions {
  /** Routines known beforehand, e.g. created earlier in the same migration; the latest of a name wins. */
  readonly routines?: readonly Routine[];
  /** Names that the session prepared earlier with harmless statements. @default none */
  readonly prepared?: ReadonlySet<string>;
}
