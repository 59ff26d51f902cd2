import {
  constantText,
  list,
  nameParts,
  nodeOf,
  stringConstant,
  text,
  visit,
} from '../parser/parser-nodes.js';
import type { SqlParser } from '../parser/sql-parser.js';

/** Stands for a value that is only known at run time. */
export const DYNAMIC_PLACEHOLDER = '_dynamic_';

/** A string that EXECUTE may run, with placeholders for unknown parts. */
export interface SqlTemplate {
  readonly sql: string;
  /** It has no placeholder. */
  readonly isExact: boolean;
  /** PostgreSQL quotes the value of every placeholder, so that no value can add SQL. */
  readonly isSafe: boolean;
}

/** A string that can have more values than this is treated as unknown. */
const MAX_ALTERNATIVES = 16;

/**
 * Finds the possible values of the expression of an EXECUTE. It evaluates constants, `||`, `concat()`,
 * `format()`, `quote_ident()`, `quote_literal()` and variables.
 *
 * @param variables see `PlpgsqlBody.variables`
 */
export function evaluateDynamicSql(
  parser: SqlParser,
  expression: string,
  variables: ReadonlyMap<string, readonly string[]>,
): readonly SqlTemplate[] {
  return new DynamicSqlEvaluator(parser, variables).evaluateSource(expression, new Set());
}

const UNKNOWN: SqlTemplate = { sql: DYNAMIC_PLACEHOLDER, isExact: false, isSafe: false };
const QUOTED_NAME: SqlTemplate = { sql: DYNAMIC_PLACEHOLDER, isExact: false, isSafe: true };
const QUOTED_LITERAL: SqlTemplate = { sql: `'${DYNAMIC_PLACEHOLDER}'`, isExact: false, isSafe: true };

function exactly(sql: string): SqlTemplate {
  return { sql, isExact: true, isSafe: true };
}

class DynamicSqlEvaluator {
  readonly #parser: SqlParser;
  readonly #variables: ReadonlyMap<string, readonly string[]>;

  constructor(parser: SqlParser, variables: ReadonlyMap<string, readonly string[]>) {
    this.#parser = parser;
    this.#variables = variables;
  }

  /** @param visited the variables whose values are being evaluated */
  evaluateSource(expression: string, visited: ReadonlySet<string>): readonly SqlTemplate[] {
    const parsed = this.#parser.parse(`SELECT ${expression}`);
    if (!parsed.ok) return [UNKNOWN];
    const select = nodeOf(parsed.value.stmts[0]?.stmt, 'SelectStmt');
    const value = nodeOf(list(select?.['targetList'])[0], 'ResTarget')?.['val'];
    return this.#evaluate(value, visited);
  }

  #evaluate(value: unknown, visited: ReadonlySet<string>): readonly SqlTemplate[] {
    const constant = constantText(value);
    if (constant !== undefined) return [exactly(constant)];
    const operation = nodeOf(value, 'A_Expr');
    if (operation && nameParts(operation['name']).join('') === '||')
      return concatenate([
        this.#evaluate(operation['lexpr'], visited),
        this.#evaluate(operation['rexpr'], visited),
      ]);
    const call = nodeOf(value, 'FuncCall');
    if (call)
      return this.#evaluateCall(nameParts(call['funcname']).at(-1) ?? '', list(call['args']), visited);
    const cast = nodeOf(value, 'TypeCast');
    if (cast) return isRegclass(cast['typeName']) ? [QUOTED_NAME] : this.#evaluate(cast['arg'], visited);
    const column = nodeOf(value, 'ColumnRef');
    if (column) return this.#evaluateVariable(nameParts(column['fields']), visited);
    return [UNKNOWN];
  }

  #evaluateVariable(path: readonly string[], visited: ReadonlySet<string>): readonly SqlTemplate[] {
    const [name] = path;
    const values = path.length === 1 && name !== undefined ? this.#variables.get(name) : undefined;
    // A variable that is assigned from itself (`sql := sql || …`) is not tracked.
    if (!values || name === undefined || visited.has(name)) return [UNKNOWN];
    const inner = new Set([...visited, name]);
    return limited(values.flatMap((expression) => this.evaluateSource(expression, inner)));
  }

  #evaluateCall(
    name: string,
    args: readonly unknown[],
    visited: ReadonlySet<string>,
  ): readonly SqlTemplate[] {
    switch (name) {
      case 'quote_ident':
        return [QUOTED_NAME];
      case 'quote_literal':
      case 'quote_nullable':
        return [QUOTED_LITERAL];
      case 'concat':
        return concatenate(args.map((arg) => this.#evaluate(arg, visited)));
      case 'format':
        return this.#evaluateFormat(args, visited);
      default:
        return [UNKNOWN];
    }
  }

  #evaluateFormat(args: readonly unknown[], visited: ReadonlySet<string>): readonly SqlTemplate[] {
    const pattern = stringConstant(args[0]);
    if (pattern === undefined) return [UNKNOWN];
    let next = 1;
    const parts = pattern.split(/(%(?:\d+\$)?-?(?:\d+|\*)?[sIL]|%%)/).map((part): readonly SqlTemplate[] => {
      if (part === '%%') return [exactly('%')];
      const specifier = /^%(?:(\d+)\$)?.*([sIL])$/.exec(part);
      if (!specifier || !part.startsWith('%')) return [exactly(part)];
      const position = specifier[1] ? Number(specifier[1]) : next;
      next = position + 1;
      if (specifier[2] === 'I') return [QUOTED_NAME];
      if (specifier[2] === 'L') return [QUOTED_LITERAL];
      return this.#evaluate(args[position], visited);
    });
    return concatenate(parts);
  }
}

/** All combinations of the alternatives of the parts. */
function concatenate(parts: readonly (readonly SqlTemplate[])[]): readonly SqlTemplate[] {
  return parts.reduce<readonly SqlTemplate[]>(
    (starts, ends) => limited(starts.flatMap((start) => ends.map((end) => append(start, end)))),
    [exactly('')],
  );
}

function append(start: SqlTemplate, end: SqlTemplate): SqlTemplate {
  return {
    sql: start.sql + end.sql,
    isExact: start.isExact && end.isExact,
    isSafe: start.isSafe && end.isSafe,
  };
}

function limited(templates: readonly SqlTemplate[]): readonly SqlTemplate[] {
  return templates.length > MAX_ALTERNATIVES ? [UNKNOWN] : templates;
}

/** `x::regclass::text`: the output of `regclass` is a quoted name. */
function isRegclass(typeName: unknown): boolean {
  let isFound = false;
  visit({ typeName }, (_kind, fields) => {
    if (Array.isArray(fields['names']) && fields['names'].some((name) => text(name)?.startsWith('reg')))
      isFound = true;
    return !isFound;
  });
  return isFound;
}
