import {
  constantText,
  list,
  nameParts,
  nodeOf,
  stringConstant,
  text,
  visit,
} from '../parser/parser-nodes.js';
import type { SqlParser } from '../parser/parser.js';

/** What stands in for a value that is only known at run time. */
export const DYNAMIC_PLACEHOLDER = '_dynamic_';

/** A string that EXECUTE may be handed, as far as the text tells. */
export interface SqlTemplate {
  readonly sql: string;
  /** No placeholder in it. */
  readonly exact: boolean;
  /** Every placeholder is quoted by PostgreSQL, so that it cannot carry SQL of its own. */
  readonly safe: boolean;
}

/** A variable with more possible values than this is treated as unknown. */
const MOST_ALTERNATIVES = 16;

/** Works out the strings that an EXECUTE's expression can have: constants, `||`, `format()`, `quote_ident()`, tracked variables. */
export function evaluateDynamic(
  parser: SqlParser,
  expression: string,
  variables: ReadonlyMap<string, readonly string[]>,
): readonly SqlTemplate[] {
  return new Evaluator(parser, variables).ofSource(expression, new Set());
}

const UNKNOWN: SqlTemplate = { sql: DYNAMIC_PLACEHOLDER, exact: false, safe: false };
const QUOTED_NAME: SqlTemplate = { sql: DYNAMIC_PLACEHOLDER, exact: false, safe: true };
const QUOTED_LITERAL: SqlTemplate = { sql: `'${DYNAMIC_PLACEHOLDER}'`, exact: false, safe: true };

function exactly(sql: string): SqlTemplate {
  return { sql, exact: true, safe: true };
}

class Evaluator {
  constructor(
    private readonly parser: SqlParser,
    private readonly variables: ReadonlyMap<string, readonly string[]>,
  ) {}

  ofSource(expression: string, following: ReadonlySet<string>): readonly SqlTemplate[] {
    const parsed = this.parser.parse(`SELECT ${expression}`);
    if (!parsed.ok) return [UNKNOWN];
    const select = nodeOf(parsed.value.stmts[0]?.stmt, 'SelectStmt');
    const value = nodeOf(list(select?.['targetList'])[0], 'ResTarget')?.['val'];
    return this.#of(value, following);
  }

  #of(value: unknown, following: ReadonlySet<string>): readonly SqlTemplate[] {
    const constant = constantText(value);
    if (constant !== undefined) return [exactly(constant)];
    const operation = nodeOf(value, 'A_Expr');
    if (operation && nameParts(operation['name']).join('') === '||')
      return join([this.#of(operation['lexpr'], following), this.#of(operation['rexpr'], following)]);
    const call = nodeOf(value, 'FuncCall');
    if (call) return this.#ofCall(nameParts(call['funcname']).at(-1) ?? '', list(call['args']), following);
    const cast = nodeOf(value, 'TypeCast');
    if (cast) return isRegclass(cast['typeName']) ? [QUOTED_NAME] : this.#of(cast['arg'], following);
    const column = nodeOf(value, 'ColumnRef');
    if (column) return this.#ofVariable(nameParts(column['fields']), following);
    return [UNKNOWN];
  }

  #ofVariable(path: readonly string[], following: ReadonlySet<string>): readonly SqlTemplate[] {
    const [name] = path;
    const values = path.length === 1 && name !== undefined ? this.variables.get(name) : undefined;
    // `sql := sql || …` grows by itself: not followed.
    if (!values || name === undefined || following.has(name)) return [UNKNOWN];
    const inner = new Set([...following, name]);
    return limited(values.flatMap((expression) => this.ofSource(expression, inner)));
  }

  #ofCall(name: string, args: readonly unknown[], following: ReadonlySet<string>): readonly SqlTemplate[] {
    if (name === 'quote_ident') return [QUOTED_NAME];
    if (name === 'quote_literal' || name === 'quote_nullable') return [QUOTED_LITERAL];
    if (name === 'concat') return join(args.map((arg) => this.#of(arg, following)));
    if (name === 'format') return this.#ofFormat(args, following);
    return [UNKNOWN];
  }

  #ofFormat(args: readonly unknown[], following: ReadonlySet<string>): readonly SqlTemplate[] {
    const pattern = stringConstant(args[0]);
    if (pattern === undefined) return [UNKNOWN];
    let next = 1;
    const parts = pattern.split(/(%(?:\d+\$)?-?(?:\d+|\*)?[sIL]|%%)/).map((part): readonly SqlTemplate[] => {
      if (part === '%%') return [exactly('%')];
      const position = /^%(?:(\d+)\$)?.*([sIL])$/.exec(part);
      if (!position || !part.startsWith('%')) return [exactly(part)];
      const at = position[1] ? Number(position[1]) : next;
      next = at + 1;
      if (position[2] === 'I') return [QUOTED_NAME];
      if (position[2] === 'L') return [QUOTED_LITERAL];
      return this.#of(args[at], following);
    });
    return join(parts);
  }
}

/** Every way to put one alternative of each part behind the other. */
function join(parts: readonly (readonly SqlTemplate[])[]): readonly SqlTemplate[] {
  return limited(
    parts.reduce<readonly SqlTemplate[]>(
      (starts, ends) =>
        limited(
          starts.flatMap((start) =>
            ends.map((end) => ({
              sql: start.sql + end.sql,
              exact: start.exact && end.exact,
              safe: start.safe && end.safe,
            })),
          ),
        ),
      [exactly('')],
    ),
  );
}

function limited(templates: readonly SqlTemplate[]): readonly SqlTemplate[] {
  return templates.length > MOST_ALTERNATIVES ? [UNKNOWN] : templates;
}

/** `x::regclass::text`: PostgreSQL prints a relation's name quoted where it must be. */
function isRegclass(typeName: unknown): boolean {
  let found = false;
  visit({ typeName }, (_kind, fields) => {
    if (Array.isArray(fields['names']) && fields['names'].some((name) => text(name)?.startsWith('reg')))
      found = true;
    return !found;
  });
  return found;
}
