import { quoteLiteral } from '../../postgres/identifiers.js';
import { replacePlaceholders, sqlPieces, type SqlPiece } from '../../text/sql-pieces.js';
import type { RowSelection } from '../batch/row-selection.js';
import { ROW, type BackfillDefinition } from '../definition/definition.js';

/**
 * The SQL of a query that counts the pending rows, for a person to run: the predicate as the run's own statements have
 * it, with its parameters as literals.
 */
export function proofQuery(selection: RowSelection): string {
  const { definition, tenants } = selection;
  const pending = predicateSql(definition.pending, sqlPieces(definition.pending.sql));
  const scope = tenants ? ` AND ${selection.tenantText} IN (${tenants.map(quoteLiteral).join(', ')})` : '';
  return `SELECT count(*) FROM ${selection.from} WHERE ${pending}${scope}`;
}

/** The pending predicate as the condition of a partial index, for a person to run. */
export function indexPredicate({ pending }: Pick<BackfillDefinition, 'pending'>): string {
  return predicateSql(pending, withoutRowName(sqlPieces(pending.sql)));
}

function predicateSql({ parameters }: BackfillDefinition['pending'], predicate: readonly SqlPiece[]): string {
  return predicate
    .map((piece, at, pieces) =>
      piece.kind === 'code'
        ? withLiterals(onOneLine(piece.text, pieces[at - 1], pieces[at + 1]), parameters)
        : piece.text,
    )
    .join('');
}

/** An index has no name for its row. */
function withoutRowName(pieces: readonly SqlPiece[]): SqlPiece[] {
  const isRow = (piece: SqlPiece | undefined) => piece?.kind === 'quoted' && piece.text === ROW;
  const isQualifier = (at: number) => isRow(pieces[at]) && pieces[at + 1]?.text.startsWith('.') === true;
  return pieces.flatMap((piece, at) => {
    if (isQualifier(at)) return [];
    if (piece.kind !== 'code') return [piece];
    const text = isQualifier(at - 1) ? piece.text.slice(1) : piece.text;
    return [{ ...piece, text: text.replace(/\bthis_row\s*\.\s*/gi, '') }];
  });
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
