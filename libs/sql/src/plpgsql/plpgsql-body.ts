import { isObject, type Json, text } from '../parser/parser-nodes.js';

/** A piece of a PL/pgSQL body that PostgreSQL's SQL parser understands. */
export interface BodyPiece {
  /** `statement`: SQL that runs as it is; `expression`: a value; `dynamic`: an expression whose value runs as SQL. */
  readonly kind: 'statement' | 'expression' | 'dynamic';
  readonly sql: string;
  readonly inLoop: boolean;
}

/** What a PL/pgSQL body runs, in its order. */
export interface PlpgsqlBody {
  readonly pieces: readonly BodyPiece[];
  readonly controlsTransaction: boolean;
  /** For each variable whose values are all written in the body: the expressions that they come from. */
  readonly variables: ReadonlyMap<string, readonly string[]>;
}

/** @param tree what the PL/pgSQL parser returned */
export function readBody(tree: unknown): PlpgsqlBody {
  const reader = new BodyReader();
  reader.read(tree, false);
  return {
    pieces: reader.pieces,
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
const RUN_A_STRING = new Set(['PLpgSQL_stmt_dynexecute', 'PLpgSQL_stmt_dynfors']);
/** PLpgSQL_expr.parseMode, from PostgreSQL's RawParseMode: how the text of an expression is to be read. */
const STATEMENT_MODE = 0;
const EXPRESSION_MODE = 2;
const ASSIGNMENT_MODES = { 3: 1, 4: 2, 5: 3 } as const;

class BodyReader {
  readonly pieces: BodyPiece[] = [];
  controlsTransaction = false;
  readonly #names = new Map<number, string>();
  readonly #declared = new Set<number>();
  readonly #assigned = new Map<number, string[]>();
  /** Variables that also take values from rows, which are not written in the body. */
  readonly #filled = new Set<number>();

  read(tree: unknown, inLoop: boolean): void {
    if (Array.isArray(tree)) for (const item of tree) this.read(item, inLoop);
    else if (isObject(tree)) for (const [key, value] of Object.entries(tree)) this.#field(key, value, inLoop);
  }

  variables(): ReadonlyMap<string, readonly string[]> {
    const known = new Map<string, readonly string[]>();
    const names = [...this.#names.values()];
    for (const [number, name] of this.#names) {
      const values = this.#assigned.get(number);
      // A name that is declared twice (in nested blocks) or belongs to a parameter is not followed.
      const once = names.indexOf(name) === names.lastIndexOf(name);
      if (values && once && this.#declared.has(number) && !this.#filled.has(number)) known.set(name, values);
    }
    return known;
  }

  #field(key: string, value: unknown, inLoop: boolean): void {
    if (key === 'datums') this.#datums(value);
    if (key === 'fields' && Array.isArray(value)) this.#fill(value);
    if (!isObject(value)) return this.read(value, inLoop);
    if (key === 'PLpgSQL_stmt_commit' || key === 'PLpgSQL_stmt_rollback') this.controlsTransaction = true;
    if (key === 'PLpgSQL_stmt_assign') this.#assignment(value);
    if (key === 'PLpgSQL_stmt_foreach_a') this.#fill([value]);
    if (key === 'PLpgSQL_expr') return this.#expression(value, inLoop);
    if (key === 'dynquery') return this.#dynamic(value, inLoop);
    for (const [name, inner] of Object.entries(value)) {
      if (name === 'query' && RUN_A_STRING.has(key)) this.#dynamic(inner, inLoop);
      else this.#field(name, inner, inLoop || (LOOPS.has(key) && name === 'body'));
    }
  }

  #dynamic(holder: unknown, inLoop: boolean): void {
    const expression = isObject(holder) ? holder['PLpgSQL_expr'] : undefined;
    if (isObject(expression)) this.#add('dynamic', text(expression['query']) ?? '', inLoop);
  }

  #datums(value: unknown): void {
    if (!Array.isArray(value)) return;
    value.forEach((datum: unknown, number) => {
      const variable = isObject(datum) ? datum['PLpgSQL_var'] : undefined;
      if (!isObject(variable)) return;
      this.#names.set(number, text(variable['refname']) ?? '');
      // Parameters and PostgreSQL's own variables have no line of their own.
      if (variable['lineno'] !== undefined) this.#declared.add(number);
      const initial = isObject(variable['default_val']) ? variable['default_val']['PLpgSQL_expr'] : undefined;
      if (isObject(initial)) this.#assign(number, text(initial['query']) ?? '');
    });
  }

  #assignment(statement: Json): void {
    const expression = isObject(statement['expr']) ? statement['expr']['PLpgSQL_expr'] : undefined;
    const number = typeof statement['varno'] === 'number' ? statement['varno'] : 0;
    if (isObject(expression)) this.#assign(number, assignedPart(text(expression['query']) ?? ''));
  }

  #assign(number: number, expression: string): void {
    this.#assigned.set(number, [...(this.#assigned.get(number) ?? []), expression]);
  }

  #fill(targets: readonly unknown[]): void {
    for (const target of targets)
      if (isObject(target) && typeof target['varno'] === 'number') this.#filled.add(target['varno']);
  }

  #expression(expression: Json, inLoop: boolean): void {
    const sql = text(expression['query']) ?? '';
    const mode = typeof expression['parseMode'] === 'number' ? expression['parseMode'] : STATEMENT_MODE;
    if (mode === STATEMENT_MODE) this.#add('statement', sql, inLoop);
    else if (mode === EXPRESSION_MODE) this.#add('expression', sql, inLoop);
    else if (mode in ASSIGNMENT_MODES) this.#add('expression', assignedPart(sql), inLoop);
  }

  #add(kind: BodyPiece['kind'], sql: string, inLoop: boolean): void {
    if (sql.trim() !== '') this.pieces.push({ kind, sql, inLoop });
  }
}

/** What stands behind the `:=` or `=` of an assignment; its target (`a`, `r.a`, `a[1]`) holds neither. */
function assignedPart(assignment: string): string {
  const at = assignment.indexOf('=');
  return at < 0 ? assignment : assignment.slice(at + 1).trim();
}
