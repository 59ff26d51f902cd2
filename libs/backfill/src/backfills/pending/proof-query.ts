import { quoteLiteral } from '../../postgres/identifiers.js';
import { replacePlaceholders, sqlPieces, type SqlPiece } from '../../text/sql-pieces.js';
import type { RowSelection } from '../batch/row-selection.js';

/**
 * The SQL of a query that counts the pending rows, for a person to run: the predicate as the run's own statements have
 * it, with its parameters as literals.
 */
export function proofQuery(selection: RowSelection): string {
  const { definition, tenants } = selection;
  const { sql, parameters } = definition.pending;
  const pending = sqlPieces(sql)
    .map((piece, at, pieces) =>
      piece.kind === 'code'
        ? withLiterals(onOneLine(piece.text, pieces[at - 1], pieces[at + 1]), parameters)
        : piece.text,
    )
    .join('');
  const scope = tenants ? ` AND ${selection.tenantText} IN (${tenants.map(quoteLiteral).join(', ')})` : '';
  return `SELECT count(*) FROM ${selection.from} WHERE ${pending}${scope}`;
}

/** SQL of the class has no parameters: a `$1` in it is left for PostgreSQL to refuse. */
function withLiterals(code: string, parameters: readonly (string | null)[]): string {
  return parameters.length === 0
    ? code
    : replacePlaceholders(code, (position) => quoteLiteral(parameters[position - 1] ?? null));
}

/** A line break ends a comment, and joins two literals. Elsewhere it is no more than a blank. */
function onOneLine(code: string, before: SqlPiece | undefined, after: SqlPiece | undefined): string {
  const joinsLiterals = before !== undefined && after !== undefined && code.trim() === '';
  return before?.kind === 'comment' || joinsLiterals ? code : code.replace(/\s*\n\s*/g, ' ');
}
