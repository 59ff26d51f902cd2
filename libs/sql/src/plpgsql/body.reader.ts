import { isObject, type Json, text } from '../parser/parser-nodes.js';

/** A part of a PL/pgSQL body that the SQL parser can parse. */
export interface BodyPart {
  /**
   * `statement`: a SQL statement; `expression`: a value; `dynamic`: an expression whose value runs as SQL.
   */
  readonly kind: 'statement' | 'expression' | 'dynamic';
  readonly sql: string;
  readonly inLoop: boolean;
}

/** The contents of a PL/pgSQL body. */
export interface PlpgsqlBody {
  /** In the order of the body. */
  readonly parts: readonly BodyPart[];
  readonly controlsTransaction: boolean;
  /**
   * The expressions that the body assigns to each variable. Variables with other sources of values are
   * missing.
   */
  readonly variables: ReadonlyMap<string, readonly string[]>;
}

/** @param tree the result of the PL/pgSQL parser */
export function readBody(tree: unknown): PlpgsqlBody {
  const reader = new BodyReader();
  reader.read(tree);
  return {
    parts: reader.parts,
    controlsTransaction: reader.controlsTransaction,
    variables: reader.variables(),
  };
}

const LOOPS = new Set([
  'PLpgSQL_stmt_loop',
  'PLpgSQL_stmt_while',
  'PLpgSQL_stmt_fori',
  'PLpgSQL_stmt_fors',
  'PLpgSQL_stmt_forc',
  'PLpgSQL_stmt_dynfors',
  'PLpgSQL_stmt_foreach_a',
]);
/** Statements whose `query` is an expression that yields the SQL to run. */
const DYNAMIC_STATEMENTS = new Set(['PLpgSQL_stmt_dynexecute', 'PLpgSQL_stmt_dynfors']);
const TRANSACTION_STATEMENTS = new Set(['PLpgSQL_stmt_commit', 'PLpgSQL_stmt_rollback']);
/** PLpgSQL_expr.parseMode (PostgreSQL's RawParseMode): how the text of an expression is parsed. */
const STATEMENT_MODE = 0;
const EXPRESSION_MODE = 2;
const ASSIGNMENT_MODES = new Set([3, 4, 5]);

class BodyReader {
  readonly parts: BodyPart[] = [];
  controlsTransaction = false;
  #loopDepth = 0;
  /** Variables by their number in the body. */
  readonly #names = new Map<number, string>();
  readonly #declared = new Set<number>();
  readonly #assigned = new Map<number, string[]>();
  /** Variables that also get values from rows, so their values are not known. */
  readonly #filledFromRows = new Set<number>();

  read(tree: unknown): void {
    if (Array.isArray(tree)) for (const item of tree) this.read(item);
    else if (isObject(tree)) for (const [key, value] of Object.entries(tree)) this.#readField(key, value);
  }

  variables(): ReadonlyMap<string, readonly string[]> {
    const known = new Map<string, readonly string[]>();
    const names = [...this.#names.values()];
    for (const [number, name] of this.#names) {
      const expressions = this.#assigned.get(number);
      // A name that is declared twice (in nested blocks) and parameters are not tracked.
      const isUnique = names.indexOf(name) === names.lastIndexOf(name);
      const isTracked = isUnique && this.#declared.has(number) && !this.#filledFromRows.has(number);
      if (expressions && isTracked) known.set(name, expressions);
    }
    return known;
  }

  #readField(key: string, value: unknown): void {
    if (key === 'datums') this.#readDeclarations(value);
    if (key === 'fields' && Array.isArray(value)) this.#markFilled(value);
    if (!isObject(value)) this.read(value);
    else if (key === 'PLpgSQL_expr') this.#addExpression(value);
    else if (key === 'dynquery') this.#addDynamic(value);
    else this.#readStatement(key, value);
  }

  #readStatement(kind: string, statement: Json): void {
    if (TRANSACTION_STATEMENTS.has(kind)) this.controlsTransaction = true;
    if (kind === 'PLpgSQL_stmt_assign') this.#readAssignment(statement);
    if (kind === 'PLpgSQL_stmt_foreach_a') this.#markFilled([statement]);
    for (const [name, inner] of Object.entries(statement)) {
      const isLoopBody = name === 'body' && LOOPS.has(kind);
      if (isLoopBody) this.#loopDepth++;
      if (name === 'query' && DYNAMIC_STATEMENTS.has(kind)) this.#addDynamic(inner);
      else this.#readField(name, inner);
      if (isLoopBody) this.#loopDepth--;
    }
  }

  #readDeclarations(datums: unknown): void {
    if (!Array.isArray(datums)) return;
    datums.forEach((datum: unknown, number) => {
      const variable = isObject(datum) ? datum['PLpgSQL_var'] : undefined;
      if (!isObject(variable)) return;
      this.#names.set(number, text(variable['refname']) ?? '');
      // Parameters and PostgreSQL's own variables have no line number.
      if (variable['lineno'] !== undefined) this.#declared.add(number);
      const initial = isObject(variable['default_val']) ? variable['default_val']['PLpgSQL_expr'] : undefined;
      if (isObject(initial)) this.#assign(number, text(initial['query']) ?? '');
    });
  }

  #readAssignment(statement: Json): void {
    const expression = isObject(statement['expr']) ? statement['expr']['PLpgSQL_expr'] : undefined;
    const number = typeof statement['varno'] === 'number' ? statement['varno'] : 0;
    if (isObject(expression)) this.#assign(number, assignedExpression(text(expression['query']) ?? ''));
  }

  #assign(number: number, expression: string): void {
    this.#assigned.set(number, [...(this.#assigned.get(number) ?? []), expression]);
  }

  #markFilled(targets: readonly unknown[]): void {
    for (const target of targets)
      if (isObject(target) && typeof target['varno'] === 'number') this.#filledFromRows.add(target['varno']);
  }

  #addDynamic(holder: unknown): void {
    const expression = isObject(holder) ? holder['PLpgSQL_expr'] : undefined;
    if (isObject(expression)) this.#add('dynamic', text(expression['query']) ?? '');
  }

  #addExpression(expression: Json): void {
    const sql = text(expression['query']) ?? '';
    const mode = typeof expression['parseMode'] === 'number' ? expression['parseMode'] : STATEMENT_MODE;
    if (mode === STATEMENT_MODE) this.#add('statement', sql);
    else if (mode === EXPRESSION_MODE) this.#add('expression', sql);
    else if (ASSIGNMENT_MODES.has(mode)) this.#add('expression', assignedExpression(sql));
  }

  #add(kind: BodyPart['kind'], sql: string): void {
    if (sql.trim() !== '') this.parts.push({ kind, sql, inLoop: this.#loopDepth > 0 });
  }
}

/** The text after the `:=` or `=` of an assignment. The target (`a`, `r.a`, `a[1]`) contains neither. */
function assignedExpression(assignment: string): string {
  const at = assignment.indexOf('=');
  return at < 0 ? assignment : assignment.slice(at + 1).trim();
}
