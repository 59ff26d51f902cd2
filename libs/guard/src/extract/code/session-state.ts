import { isObject, list, nodeOf, text, visit } from 'nestjs-backfill-sql/tree';
import { functionName, literalOf } from '../sql/values.js';
import type { CodeUnit, SqlPiece } from './code-units.js';
import { alterations, tableOf } from './schema-change.js';

/** Settings that change how long a statement takes or whether it waits, never what it does. */
const HARMLESS_SETTING =
  /^(?:(?:lock|statement|deadlock|transaction|idle_in_transaction_session|idle_session)_timeout|application_name|(?:client|log)_min_\w+|log_\w+|auto_explain\.\w+|(?:maintenance_|logical_decoding_)?work_mem|hash_mem_multiplier|temp_buffers|synchronous_commit|enable_\w+|max_parallel_\w+|(?:min_)?parallel_\w+|jit\w*|random_page_cost|seq_page_cost|cpu_\w+|effective_\w+|from_collapse_limit|join_collapse_limit|commit_delay|track_\w+|vacuum_\w+)$/i;

/** A setting in code or in a function's body that no parser has read. */
const SETTING_IN_TEXT =
  /\bset_config\b|\bset\s+(?:local|session|role|constraints|time\s+zone|search_path|schema)\b|["'`;]\s*set\s+[a-z_."$]/gi;

/** What the statements before a place have changed for their session: reasons by a key of what ends them. */
class SessionChanges extends Map<string, string> {
  /** The code has ended the migration's own transaction, which the next BEGIN opens again. */
  #isOutside = false;

  begin(line: string): void {
    if (!this.#isOutside) this.set('transaction', `it is a part of the transaction that line ${line} starts`);
    this.#isOutside = false;
  }

  end(): void {
    if (!this.delete('transaction')) this.#isOutside = true;
  }

  /** Temporary tables only matter to statements that name them. */
  reasonFor(names: ReadonlySet<string>): string | undefined {
    for (const [key, reason] of this) {
      const table = /^temporary (.*)$/s.exec(key)?.[1];
      if (table === undefined || names.has(table)) return reason;
    }
    return undefined;
  }
}

/**
 * Why a statement means something else outside of its migration: a setting, an open transaction, disabled
 * triggers or a temporary table that an earlier statement of the method left behind.
 *
 * @returns undefined if a session of its own runs the statement with the same result
 */
export function sessionReason(
  units: readonly CodeUnit[],
  { at, piece = 0 }: { readonly at: number; readonly piece?: number },
  lineOf: (offset: number) => number,
): string | undefined {
  const changes = new SessionChanges();
  for (const unit of units.slice(0, at)) followUnit(changes, unit, String(lineOf(unit.start)));
  const own = units[at];
  const pieces = own?.sql ?? [];
  for (const each of pieces.slice(0, piece)) followPiece(changes, each, String(lineOf(own?.start ?? 0)));
  return changes.reasonFor(pieces[piece]?.names ?? own?.names ?? new Set());
}

function followUnit(changes: SessionChanges, unit: CodeUnit, line: string): void {
  if (!unit.sql) followCode(changes, unit, line);
  else for (const piece of unit.sql) followPiece(changes, piece, line);
}

function followPiece(changes: SessionChanges, piece: SqlPiece, line: string): void {
  const { kind, fields } = piece;
  switch (kind) {
    case 'VariableSetStmt':
      followSetting(changes, fields, line);
      break;
    case 'ConstraintsSetStmt':
      changes.set('constraints', `line ${line} sets when constraints are checked`);
      break;
    case 'TransactionStmt':
      followTransaction(changes, text(fields['kind']) ?? '', line);
      break;
    case 'AlterTableStmt':
      followAlterTable(changes, piece, line);
      break;
    case 'DoStmt':
      if (setsInText(piece.text)) changes.set('text', `line ${line} changes a setting of its session`);
      break;
    default:
      followConfigCalls(changes, fields, line);
  }
  const created = temporaryTable(piece);
  if (created !== undefined)
    changes.set(`temporary ${created}`, `it reads the temporary table ${created} of line ${line}`);
}

function followSetting(changes: SessionChanges, fields: SqlPiece['fields'], line: string): void {
  const name = (text(fields['name']) ?? '').toLowerCase();
  const kind = text(fields['kind']) ?? '';
  if (kind === 'VAR_RESET_ALL') {
    for (const key of [...changes.keys()]) if (key.startsWith('setting ')) changes.delete(key);
  } else if (kind === 'VAR_RESET' || kind === 'VAR_SET_DEFAULT') changes.delete(`setting ${name}`);
  // SET TRANSACTION ISOLATION LEVEL and the like.
  else if (kind !== 'VAR_SET_MULTI' && !HARMLESS_SETTING.test(name))
    changes.set(`setting ${name}`, `line ${line} sets ${name}, which a backfill does not have`);
}

function followConfigCalls(changes: SessionChanges, tree: unknown, line: string): void {
  visit({ tree }, (kind, fields) => {
    if (kind !== 'FuncCall' || functionName(fields) !== 'set_config') return true;
    const name = literalOf(list(fields['args'])[0]) ?? undefined;
    if (name === undefined || !HARMLESS_SETTING.test(name))
      changes.set(
        `setting ${(name ?? '').toLowerCase()}`,
        `line ${line} sets ${name ?? 'a setting'}, which a backfill does not have`,
      );
    return true;
  });
}

function followTransaction(changes: SessionChanges, kind: string, line: string): void {
  if (kind === 'TRANS_STMT_BEGIN' || kind === 'TRANS_STMT_START') changes.begin(line);
  else if (/^TRANS_STMT_(?:COMMIT|ROLLBACK|PREPARE)$/.test(kind)) changes.end();
}

function followAlterTable(changes: SessionChanges, piece: SqlPiece, line: string): void {
  const table = tableOf(piece);
  for (const { subtype } of alterations(piece)) {
    if (/^AT_Disable(?:Trig|Rule)|^AT_EnableReplica/.test(subtype))
      changes.set(`triggers of ${table}`, `line ${line} switches triggers or rules of ${table} off`);
    if (/^AT_Enable(?:Trig|Rule|AlwaysTrig|AlwaysRule)/.test(subtype)) changes.delete(`triggers of ${table}`);
    if (subtype === 'AT_DisableRowSecurity' || subtype === 'AT_NoForceRowSecurity')
      changes.set(`policies of ${table}`, `line ${line} switches the policies of ${table} off`);
    if (subtype === 'AT_EnableRowSecurity' || subtype === 'AT_ForceRowSecurity')
      changes.delete(`policies of ${table}`);
  }
}

function temporaryTable({ kind, fields }: SqlPiece): string | undefined {
  const into = isObject(fields['into']) ? fields['into'] : undefined;
  const relation =
    kind === 'CreateStmt'
      ? fields['relation']
      : kind === 'CreateTableAsStmt'
        ? into?.['rel']
        : nodeOf(fields['intoClause'], 'IntoClause')?.['rel'];
  const isTemporary = isObject(relation) && relation['relpersistence'] === 't';
  return isTemporary ? text(relation['relname']) : undefined;
}

function followCode(changes: SessionChanges, unit: CodeUnit, line: string): void {
  for (const [call] of unit.text.matchAll(/\.\s*(?:start|commit|rollback)Transaction\s*\(/g))
    if (call.includes('start')) changes.begin(line);
    else changes.end();
  for (const text of unit.sent.texts) followSentText(changes, text, line);
  if ([unit.text, ...unit.sent.texts].some(setsInText))
    changes.set('text', `line ${line} changes a setting of its session`);
  if (unit.sent.isUnread)
    changes.set('unread', `line ${line} runs code or SQL that cannot be read and may change its session`);
}

/** SQL that a helper, a loop or the like sends. */
function followSentText(changes: SessionChanges, text: string, line: string): void {
  const settings = text.matchAll(/(?:^|;)\s*set\s+(?:(?:local|session)\s+)?([\w.]+)/gi);
  for (const [, name = ''] of settings)
    if (!HARMLESS_SETTING.test(name))
      changes.set(
        `setting ${name.toLowerCase()}`,
        `line ${line} sets ${name}, which a backfill does not have`,
      );
  const [, temporary] =
    /\bcreate\s+(?:local\s+|global\s+)?temp(?:orary)?\s+table\s+(?:if\s+not\s+exists\s+)?"?(\w+)/i.exec(
      text,
    ) ?? [];
  if (temporary !== undefined)
    changes.set(`temporary ${temporary}`, `it reads the temporary table ${temporary} of line ${line}`);
  if (/\bdisable\s+(?:trigger|rule|row\s+level)|\benable\s+replica\b/i.test(text))
    changes.set('switched off', `line ${line} switches triggers, rules or policies off`);
  if (/(?:^|;)\s*(?:begin|start\s+transaction)\b/i.test(text)) changes.begin(line);
  if (/(?:^|;)\s*(?:commit|end|rollback)\b/i.test(text)) changes.end();
}

function setsInText(code: string): boolean {
  return [...code.matchAll(SETTING_IN_TEXT)].some(({ index }) => {
    const name = /^\W*set\s+(?:(?:local|session)\s+)?([\w.]+)/i.exec(code.slice(index))?.[1];
    const configured = /^set_config\s*\(\s*['"`]([\w.]+)/i.exec(code.slice(index))?.[1];
    return !HARMLESS_SETTING.test(name ?? configured ?? '');
  });
}
