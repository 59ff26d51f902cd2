import type { DdlStatement } from '../locks/ddl-statement.js';
import type { Json } from '../parser/parser-nodes.js';
import { tablesRead } from '../locks/tables-read.js';
import { effectOfKind } from './statement-kinds.js';
import type { StatementSpan } from './statement-spans.js';
import type { SettingChange } from './statement.types.js';

const LOCKING_KINDS = new Set(['LockStmt', 'VariableSetStmt']);

/**
 * Whether statements of this kind take locks, change how long a statement waits for one, or decide on the locks
 * of others, like the volatility of a function. A query matters if it reads a table while a lock is held.
 */
export function mayLock(kind: string, fields: Json): boolean {
  return (
    effectOfKind(kind) === 'schema' ||
    LOCKING_KINDS.has(kind) ||
    (kind === 'SelectStmt' && tablesRead(fields).length > 0)
  );
}

export function ddlStatement(node: string, fields: Json, { unit, start, text }: StatementSpan): DdlStatement {
  return {
    node,
    fields,
    text,
    position: unit.position(start),
    via: unit.place.via,
    isDynamic: unit.place.isDynamic,
  };
}

/** A call of `set_config` as SET. */
export function settingStatement({ name, value }: SettingChange, span: StatementSpan): DdlStatement {
  const args = value === undefined ? [] : [{ A_Const: { sval: { sval: value } } }];
  return ddlStatement('VariableSetStmt', { name, args }, span);
}
