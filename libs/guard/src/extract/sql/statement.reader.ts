import { kindOf, type SqlParser } from 'nestjs-backfill-sql/tree';
import { readDelete, readTruncate } from './delete.reader.js';
import { readInsert } from './insert.reader.js';
import type { MovedStatement, StatementContext } from './movable.types.js';
import { NotMovableError } from './not-movable.error.js';
import { StatementText } from './statement-text.js';
import { assertMovable } from './statement-tree.js';
import { readUpdate } from './update.reader.js';

/** A constant in the place of a parameter; undefined if the code does not show its value. */
export type ParameterValue = string | null | undefined;

/**
 * Reads a statement that a backfill is to replace.
 *
 * @throws {NotMovableError} with the reason if no backfill does the same
 */
export function readStatement(
  sql: string,
  parameters: readonly ParameterValue[],
  context: StatementContext,
): MovedStatement {
  const { parser } = context;
  const bound = withParameters(parser, sql, parameters);
  const parsed = parser.parse(bound);
  if (!parsed.ok) throw new NotMovableError(`PostgreSQL's parser rejects it: ${parsed.failure.message}`);
  const [statement, ...others] = parsed.value.stmts;
  const [kind, fields] = kindOf(statement?.stmt) ?? ['', {}];
  if (others.length > 0) throw new NotMovableError('it is more than one statement');
  assertMovable(fields);
  switch (kind) {
    case 'UpdateStmt':
      return readUpdate(bound, fields, context);
    case 'DeleteStmt':
      return readDelete(bound, fields, context);
    case 'TruncateStmt':
      return readTruncate(fields);
    case 'InsertStmt':
      return readInsert(bound, fields, context);
    default:
      throw new NotMovableError(
        `no kind of backfill does the same as ${STATEMENTS[kind] ?? 'this statement'}`,
      );
  }
}

const STATEMENTS: Readonly<Record<string, string>> = {
  MergeStmt: 'MERGE',
  CopyStmt: 'COPY',
  CreateTableAsStmt: 'CREATE TABLE AS; create the table first, then use INSERT … SELECT',
  SelectStmt: 'SELECT INTO; create the table first, then use INSERT … SELECT',
};

/**
 * The statement with constants in place of its parameters. They are literals of unknown type, as parameters
 * are.
 */
function withParameters(parser: SqlParser, sql: string, parameters: readonly ParameterValue[]): string {
  if (!/\$\d/.test(sql)) return sql;
  const { tokens } = new StatementText(parser, sql);
  let rest = Buffer.from(sql, 'utf8');
  let bound = '';
  for (const { start, end, text } of [...tokens].reverse()) {
    const number = /^\$(\d+)$/.exec(text)?.[1];
    const value = number === undefined ? undefined : parameters[Number(number) - 1];
    if (value === undefined) continue;
    const literal = value === null ? 'NULL' : `'${value.replace(/'/g, "''")}'`;
    bound = `${literal}${rest.subarray(end).toString('utf8')}${bound}`;
    rest = rest.subarray(0, start);
  }
  return `${rest.toString('utf8')}${bound}`;
}
