import { BUILTIN_FUNCTIONS } from './builtin-functions.js';
import {
  isObject,
  type Json,
  kindOf,
  list,
  locationOf,
  nameParts,
  nodesOf,
  stringConstant,
  text,
  visit,
} from '../parser/parser-nodes.js';
import type { SqlUnit } from './sql-unit.js';
import type { RoutineCall, SettingChange } from './statement.types.js';

/** The functions and procedures that a tree calls. */
export interface FoundCalls {
  /**
   * Calls of routines that are not PostgreSQL's own, or that a known routine of the same name may replace.
   */
  readonly calls: readonly RoutineCall[];
  /** Calls that write large objects: PostgreSQL's row counters of user tables do not show those rows. */
  readonly largeObjects: readonly RoutineCall[];
  /** Settings that `set_config` changes. The name is `*` when it is not constant. */
  readonly settings: readonly SettingChange[];
}

const LARGE_OBJECT_WRITERS = new Set([
  'lo_creat',
  'lo_create',
  'lo_from_bytea',
  'lo_import',
  'lo_put',
  'lo_truncate',
  'lo_truncate64',
  'lo_unlink',
  'lowrite',
]);
/** PostgreSQL's own functions that run SQL from an argument. */
const SQL_RUNNERS = new Set(['query_to_xml', 'query_to_xmlschema', 'query_to_xml_and_xmlschema', 'ts_stat']);
const SYSTEM_SCHEMAS = new Set(['pg_catalog', 'information_schema']);
/** ALTER TABLE subcommands that store their expression without evaluating it. */
const STORING_SUBCOMMANDS = new Set(['AT_ColumnDefault']);

/** @param isKnown whether a routine with a known body may be called */
export function findCalls(tree: unknown, unit: SqlUnit, isKnown: (call: RoutineCall) => boolean): FoundCalls {
  const calls: RoutineCall[] = [];
  const largeObjects: RoutineCall[] = [];
  const settings: SettingChange[] = [];
  visit(tree, (kind, fields) => {
    if (kind === 'AlterTableCmd' && STORING_SUBCOMMANDS.has(text(fields['subtype']) ?? '')) return false;
    if (kind !== 'FuncCall' && kind !== 'funccall') return true;
    const call = toCall(fields, unit, kind === 'funccall' ? 'procedure' : 'function');
    if (call.name === 'set_config') settings.push(toSetting(list(fields['args'])));
    if (mayBeSystem(call) && LARGE_OBJECT_WRITERS.has(call.name)) largeObjects.push(call);
    else if (!isBuiltin(call) || isKnown(call)) calls.push(call);
    return true;
  });
  return { calls, largeObjects, settings };
}

/** Statements that store expressions which later statements evaluate without naming them. */
const STORES_EXPRESSIONS = new Set(['ViewStmt', 'CreateDomainStmt', 'AlterDomainStmt', 'CreatePolicyStmt']);

/** The routines that a view, domain, operator, aggregate, cast or trigger calls when it is used later. */
export function findStoredCalls(kind: string, fields: Json, unit: SqlUnit): readonly RoutineCall[] {
  if (STORES_EXPRESSIONS.has(kind)) return findCalls(fields, unit, () => false).calls;
  return storedRoutineNames(kind, fields)
    .map((funcname) => toCall({ funcname }, unit, 'function'))
    .filter(({ name }) => name !== '');
}

function storedRoutineNames(kind: string, fields: Json): readonly unknown[] {
  if (kind === 'CreateCastStmt') return isObject(fields['func']) ? [fields['func']['objname']] : [];
  if (kind === 'CreateTrigStmt' || kind === 'CreateEventTrigStmt') return [fields['funcname']];
  if (kind === 'CreateOpClassStmt')
    return nodesOf(fields['items'], 'CreateOpClassItem').map(({ name }) => isObject(name) && name['objname']);
  if (kind === 'CreateRangeStmt') return nodesOf(fields['params'], 'DefElem').map(typeNameOf);
  // The options of an operator also contain the types of its operands, which are not names of routines.
  return kind === 'DefineStmt' ? nodesOf(fields['definition'], 'DefElem').map(typeNameOf) : [];
}

function typeNameOf({ arg }: Json): unknown {
  const [kind, fields] = kindOf(arg) ?? [];
  return kind === 'TypeName' ? fields?.['names'] : undefined;
}

function toSetting([name, value]: readonly unknown[]): SettingChange {
  const constant = stringConstant(value);
  return {
    name: stringConstant(name)?.toLowerCase() ?? '*',
    ...(constant !== undefined && { value: constant }),
  };
}

/** dblink runs SQL over another connection: the row counters of this session do not show its effect. */
export function isRemote(call: RoutineCall): boolean {
  return /^dblink(_exec|_send_query|_open)?$/.test(call.name);
}

function mayBeSystem(call: RoutineCall): boolean {
  return call.schema === undefined || SYSTEM_SCHEMAS.has(call.schema);
}

function isBuiltin(call: RoutineCall): boolean {
  if (mayBeSystem(call) && SQL_RUNNERS.has(call.name)) return false;
  if (call.schema !== undefined) return SYSTEM_SCHEMAS.has(call.schema);
  return BUILTIN_FUNCTIONS.has(call.name);
}

function toCall(fields: Json, unit: SqlUnit, kind: RoutineCall['kind']): RoutineCall {
  const parts = nameParts(fields['funcname']);
  const schema = parts.at(-2);
  return {
    ...(schema !== undefined && { schema }),
    name: parts.at(-1) ?? '',
    arguments: list(fields['args']).length,
    position: unit.position(locationOf(fields) ?? 0),
    kind,
  };
}
