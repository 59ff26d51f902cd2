import type { ParseFailure } from '../parser/sql-parser.js';
import type { DdlStatement } from '../locks/ddl-statement.js';
import type { TextPosition } from '../text/text-position.js';

/**
 * - `schema`: changes or maintains definitions. CREATE and REFRESH MATERIALIZED VIEW count too: the rows of
 *   the view are derived.
 * - `read`: changes nothing
 * - `data`: changes rows; see `findings`
 * - `session`: SET, BEGIN, LOCK and similar statements
 * - `unknown`: it cannot be decided from the text; see `unknowns`
 */
export type StatementEffect = 'schema' | 'read' | 'data' | 'session' | 'unknown';

/**
 * How rows are changed.
 *
 * @publicApi
 */
export type DmlOperation =
  | 'update'
  | 'insert'
  | 'insert-select'
  | 'delete'
  | 'merge'
  | 'copy'
  | 'truncate'
  | 'create-table-as'
  | 'select-into'
  | 'large-object';

/** The operation, or the construct that contains it: a DO block, or a call of a function or procedure. */
export type StatementRule = DmlOperation | 'do-block-dml' | 'function-call-dml';

/** A table name as written: without a schema if none was written, and in lower case unless quoted. @publicApi */
export interface TableName {
  readonly schema?: string;
  readonly name: string;
}

/**
 * - `tautology`: always true (`true`, `1 = 1`, `id = id`)
 * - `join`: only compares columns of two relations
 * - `is-null`: `column IS NULL`
 * - `filter`: everything else; it can leave out rows
 */
export type ConjunctKind = 'tautology' | 'join' | 'is-null' | 'filter';

/** One part of a WHERE condition whose parts are connected by AND. */
export interface Conjunct {
  readonly kind: ConjunctKind;
  /** The columns in it, without their qualifiers. */
  readonly columns: readonly string[];
}

/**
 * How a WHERE condition limits the rows of its statement.
 *
 * @publicApi
 */
export interface WhereShape {
  /** As written, without comments. */
  readonly text: string;
  readonly conjuncts: readonly Conjunct[];
  /** True when every conjunct is a tautology. */
  readonly tautology: boolean;
  /**
   * True when every conjunct is a join condition or a tautology, and at least one of them is a join
   * condition.
   */
  readonly joinOnly: boolean;
  /** The columns that are compared with IS NULL; empty if any conjunct is a `filter`. */
  readonly onlyNullColumns: readonly string[];
  /** True when at least one conjunct is a `filter`. */
  readonly selective: boolean;
}

export interface SetColumn {
  readonly column: string;
  /** As written, without comments. */
  readonly expression: string;
}

/**
 * One change of rows.
 *
 * @publicApi
 */
export interface DataFinding {
  readonly rule: StatementRule;
  readonly operation: DmlOperation;
  /** The changed table; missing for large objects. */
  readonly table?: TableName;
  /** Where the change is, or the call of the routine that contains it. */
  readonly position: TextPosition;
  /** The changing statement as written. In a DO block or CTE it is the inner statement. */
  readonly text: string;
  /** `text` in a normal form for fingerprints: see `StatementClassifier.normalize`. */
  readonly normalized: string;
  /** Missing when there is no WHERE. */
  readonly where?: WhereShape;
  /** An UPDATE or DELETE joins a query that selects rows by a condition of its own. */
  readonly joinsSelection?: true;
  /** The columns that an UPDATE sets. For an INSERT, the columns that it names, with an empty expression. */
  readonly set: readonly SetColumn[];
  /** Tables that the statement reads (FROM, USING, SELECT). */
  readonly sources: readonly TableName[];
  /** The number of rows of an INSERT … VALUES; missing for other operations. */
  readonly rows?: number;
  /** It is inside a PL/pgSQL loop. */
  readonly inLoop: boolean;
  /** It is inside a CTE (`WITH d AS (DELETE …)`). */
  readonly inCte: boolean;
  /** What it is nested in, outermost first: `DO block`, `function app.fill()`, `EXECUTE`. */
  readonly via: readonly string[];
  /** Its text is built at run time: `text` has `_dynamic_` in place of the unknown parts. */
  readonly dynamic: boolean;
}

/**
 * - `dynamic-sql`: EXECUTE of a string that is not constant
 * - `unresolved-call`: a call of a function or procedure that is neither PostgreSQL's own nor in `routines`
 * - `wrapped-call`: a view, operator, aggregate or cast that calls a routine which changes rows; using it
 *   later runs the routine
 * - `unparsed-body`: the body of a DO block or routine cannot be parsed; `detail` is the parser's message
 * - `foreign-language`: a body in a language other than SQL and PL/pgSQL
 * - `remote-sql`: dblink, COPY … PROGRAM and cursors WITH HOLD: PostgreSQL's row counters do not show their
 *   effect in the transaction
 * - `unknown-prepared`: EXECUTE of a statement that the text does not prepare
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

/**
 * Something that cannot be decided from the text alone.
 *
 * @publicApi
 */
export interface Unknown {
  readonly kind: UnknownKind;
  readonly position: TextPosition;
  readonly text: string;
  /** The reason, for messages. */
  readonly detail: string;
  /** For `unresolved-call`, `wrapped-call` and calls of dblink. */
  readonly call?: RoutineCall;
  /**
   * For `dynamic-sql`: the effect of the string, with `_dynamic_` in place of the unknown parts. It is not
   * certain, because a value that is inserted without quoting can contain any SQL. A string is not reported
   * as unknown if `%I`, `%L`, `quote_ident`, `quote_literal` or `::regclass` quotes every value.
   */
  readonly likely?: StatementEffect;
  /** What it is nested in, outermost first. */
  readonly via: readonly string[];
}

/**
 * A call of a function (`f(…)`) or procedure (`CALL p()`).
 *
 * @publicApi
 */
export interface RoutineCall {
  readonly schema?: string;
  readonly name: string;
  /** The number of arguments. */
  readonly arguments: number;
  readonly position: TextPosition;
  readonly kind: 'function' | 'procedure';
}

/**
 * A function or procedure that a text creates.
 *
 * @publicApi
 */
export interface Routine {
  readonly kind: 'function' | 'procedure';
  readonly schema?: string;
  readonly name: string;
  readonly language: string;
  /** The number of input parameters. */
  readonly parameters: number;
  readonly position: TextPosition;
  /** What a call of it does. */
  readonly body: BodyAnalysis;
}

export interface BodyAnalysis {
  readonly findings: readonly DataFinding[];
  readonly unknowns: readonly Unknown[];
  readonly calls: readonly RoutineCall[];
  /** Server settings that it changes while it runs. */
  readonly settings: readonly SettingChange[];
  /** The statements in it that take locks. */
  readonly ddl: readonly DdlStatement[];
  /** The routines that it calls and whose effects it contains. The value: does a loop call them? */
  readonly included?: ReadonlyMap<Routine, boolean>;
  /** It runs COMMIT or ROLLBACK. */
  readonly controlsTransaction: boolean;
}

export type TransactionControl =
  'begin' | 'commit' | 'rollback' | 'savepoint' | 'release' | 'rollback-to' | 'prepare';

/**
 * One top-level statement of a text, and what it does.
 *
 * @publicApi
 */
export interface Statement {
  /** PostgreSQL's name of the parse node, such as `UpdateStmt` or `AlterTableStmt`. */
  readonly node: string;
  readonly effect: StatementEffect;
  /** As written, without the whitespace and comments around it. */
  readonly text: string;
  readonly position: TextPosition;
  /** The offset after its last character. */
  readonly end: number;
  readonly findings: readonly DataFinding[];
  readonly unknowns: readonly Unknown[];
  /** The functions and procedures that run with it and are not PostgreSQL's own. */
  readonly calls: readonly RoutineCall[];
  /** The functions and procedures that it creates or replaces. */
  readonly creates: readonly Routine[];
  /** The server settings that it changes: SET, RESET, `set_config()`. */
  readonly settings: readonly SettingChange[];
  /** The definitions, and other statements that take locks, which run with it: see `LockJudge`. */
  readonly ddl: readonly DdlStatement[];
  readonly transaction?: TransactionControl;
  /** The name of the statement that a PREPARE prepares. A prepared change of rows is also a finding. */
  readonly prepares?: string;
  /** A DO block or called routine in it runs COMMIT or ROLLBACK. */
  readonly controlsTransaction: boolean;
  /**
   * PostgreSQL only runs it outside a transaction block (CREATE INDEX CONCURRENTLY, VACUUM and similar
   * statements).
   */
  readonly refusesTransaction: boolean;
}

export interface SettingChange {
  /** In lower case; `*` for RESET ALL and for a name that is not constant. */
  readonly name: string;
  /** Missing for RESET, SET … TO DEFAULT and a value that is not constant. */
  readonly value?: string;
}

/**
 * What a text does, statement by statement.
 *
 * @publicApi
 */
export interface Classification {
  /** In the order of the text; empty when the text cannot be parsed. */
  readonly statements: readonly Statement[];
  /** Missing when the text was parsed. */
  readonly failure?: ParseFailure;
  /** The temporary tables of the session after the text. */
  readonly temporary: ReadonlySet<string>;
}

/**
 * What exists in the session before the text runs.
 *
 * @publicApi
 */
export interface ClassifyOptions {
  /**
   * Routines that exist already, such as those that earlier texts created. If several fit a call, all of them
   * count.
   *
   * @default none
   */
  readonly routines?: readonly Routine[];
  /** Names of prepared statements that change no rows. @default none */
  readonly prepared?: ReadonlySet<string>;
  /** Temporary tables of the session: their rows are not data. @default none */
  readonly temporary?: ReadonlySet<string>;
}
