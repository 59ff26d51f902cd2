import type { SqlParser } from 'nestjs-backfill-sql/tree';
import { piecesOf, usesThis, type CodeUnit } from './code-units.js';
import { isDataPiece } from './schema-change.js';
import { staticText } from './static-text.js';
import { walkNodes } from './syntax.js';

const SCHEMA_CALL =
  /\.\s*(?:create|drop|rename|add|change|clear|update)(?:Table|Columns?|PrimaryKeys?|UniqueConstraints?|CheckConstraints?|ExclusionConstraints?|ForeignKeys?|Index|Indices|Schema|Database|View)\s*\(|\.\s*(?:synchronize|dropDatabase)\s*\(/;
const SCHEMA_TEXT =
  /["'`;]\s*(?:alter|create|drop|rename|comment\s+on|grant|revoke|reindex|refresh|cluster|start)\s+[a-z]|["'`;]\s*(?:begin|commit|rollback|savepoint\s+\w+)\s*["'`;]/i;
const TRANSACTION_CALL = /\.\s*(?:start|commit|rollback)Transaction\s*\(/;

/**
 * Why code that changes rows cannot become a backfill's code as a whole.
 *
 * @returns undefined if it can
 */
export function cutReason(unit: CodeUnit, parser: SqlParser): string | undefined {
  if (usesThis(unit.node)) return 'it uses `this`, which a backfill does not have';
  if (SCHEMA_CALL.test(unit.text) || SCHEMA_TEXT.test(unit.text) || sendsSchemaChange(unit, parser))
    return 'the same code also changes the schema; give the change a statement of its own';
  if (sendsSchemaText(unit.sent.texts, parser))
    return 'a helper or a constant of the same code also changes the schema; give the change a statement of its own';
  if (unit.sent.isUnread) return 'the same code runs code or SQL that cannot be read';
  if (TRANSACTION_CALL.test(unit.text)) return 'the same code begins or ends a transaction';
  return undefined;
}

/** Texts with parts that are not known are compared by their words. */
function sendsSchemaText(texts: readonly string[], parser: SqlParser): boolean {
  return texts.some((text) => {
    const pieces = piecesOf(text, parser);
    return pieces
      ? pieces.some((piece) => !isDataPiece(piece) && piece.kind !== 'SelectStmt')
      : SCHEMA_TEXT.test(`;${text}`);
  });
}

function sendsSchemaChange({ node }: CodeUnit, parser: SqlParser): boolean {
  let isFound = false;
  walkNodes(node, (inner) => {
    const sql = staticText(inner, () => undefined);
    if (sql === undefined) return !isFound;
    const pieces = piecesOf(sql, parser) ?? [];
    if (pieces.some((piece) => !isDataPiece(piece) && piece.kind !== 'SelectStmt')) isFound = true;
    return false;
  });
  return isFound;
}
