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
import type { SqlUnit } from './statement-unit.js';
import type { Routine, RoutineCall, SettingChange } from './statement.types.js';

/** Functions and procedures that run when the tree is executed. */
export interface CallsFound {
  /** Neither PostgreSQL's own nor created under a name of PostgreSQL's own. */
  readonly calls: readonly RoutineCall[];
  /** Calls that write large objects, whose rows no row counter of a user's table shows. */
  readonly largeObjects: readonly RoutineCall[];
  /** Settings changed by `set_config`; `*` for a computed name. */
  readonly settings: readonly SettingChange[];
}

const WRITES_LARGE_OBJECTS = new Set([
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
/** PostgreSQL's own functions that run a query which they are given as a text. */
const RUNS_TEXT = new Set(['query_to_xml', 'query_to_xmlschema', 'query_to_xml_and_xmlschema', 'ts_stat']);
const SYSTEM_SCHEMAS = new Set(['pg_catalog', 'information_schema']);
/** ALTER TABLE subcommands whose expressions are only stored. */
const STORED_ONLY = new Set(['AT_ColumnDefault']);

export function findCalls(tree: unknown, unit: SqlUnit, known: readonly Routine[]): CallsFound {
  const calls: RoutineCall[] = [];
  const largeObjects: RoutineCall[] = [];
  const settings: SettingChange[] = [];
  visit(tree, (kind, fields) => {
    if (kind === 'AlterTableCmd' && STORED_ONLY.has(text(fields['subtype']) ?? '')) return false;
    if (kind !== 'FuncCall' && kind !== 'funccall') return true;
    const call = describe(fields, unit, kind === 'funccall' ? 'procedure' : 'function');
    if (call.name === 'set_config') settings.push(settingOf(list(fields['args'])));
    if (isSystems(call) && WRITES_LARGE_OBJECTS.has(call.name)) largeObjects.push(call);
    else if (!isBuiltin(call) || known.some((routine) => isCalledBy(call, routine))) calls.push(call);
    return true;
  });
  return { calls, largeObjects, settings };
}

/** Routines that a definition keeps for later under a name of its own: a view, an operator, an aggregate or a cast. */
export function findWrapped(kind: string, fields: Json, unit: SqlUnit): readonly RoutineCall[] {
  const names: unknown[] = [];
  if (kind === 'CreateCastStmt' && isObject(fields['func'])) names.push(fields['func']['objname']);
  // Also the types of its operands, which no routine is called like.
  if (kind === 'DefineStmt') names.push(...nodesOf(fields['definition'], 'DefElem').map(operandOf));
  const calls = names.map((funcname) => describe({ funcname }, unit, 'function'));
  return kind === 'ViewStmt' ? findCalls(fields, unit, []).calls : calls.filter(({ name }) => name !== '');
}

function operandOf({ arg }: Json): unknown {
  const [kind, fields] = kindOf(arg) ?? [];
  return kind === 'TypeName' ? fields?.['names'] : undefined;
}

function settingOf([name, value]: readonly unknown[]): SettingChange {
  const constant = stringConstant(value);
  return {
    name: stringConstant(name)?.toLowerCase() ?? '*',
    ...(constant !== undefined && { value: constant }),
  };
}

/** dblink runs SQL through a connection of its own, whose effect this session's row counters do not show. */
export function isRemote(call: RoutineCall): boolean {
  return /^dblink(_exec|_send_query|_open)?$/.test(call.name);
}

/** Could this call run that routine? Overloads are not told apart: each of the name counts. */
export function isCalledBy(call: RoutineCall, routine: Routine): boolean {
  const schemasAgree =
    call.schema === undefined || routine.schema === undefined || call.schema === routine.schema;
  return call.name === routine.name && schemasAgree;
}

function isSystems(call: RoutineCall): boolean {
  return call.schema === undefined || SYSTEM_SCHEMAS.has(call.schema);
}

function isBuiltin(call: RoutineCall): boolean {
  if (isSystems(call) && RUNS_TEXT.has(call.name)) return false;
  if (call.schema !== undefined) return SYSTEM_SCHEMAS.has(call.schema);
  return BUILTIN_FUNCTIONS.has(call.name);
}

function describe(fields: Json, unit: SqlUnit, kind: RoutineCall['kind']): RoutineCall {
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

/** `app.fill`, for messages. */
export function routineName(routine: { readonly schema?: string; readonly name: string }): string {
  return routine.schema === undefined ? routine.name : `${routine.schema}.${routine.name}`;
}

/** The body and language of CREATE FUNCTION, CREATE PROCEDURE and DO. */
export function bodyOf(options: unknown): {
  readonly language: string | undefined;
  readonly source: string | undefined;
} {
  let language: string | undefined;
  let source: string | undefined;
  for (const option of nodesOf(options, 'DefElem')) {
    if (option['defname'] === 'language') language = text(option['arg'])?.toLowerCase();
    if (option['defname'] === 'as')
      source = isObject(option['arg']) ? (text(option['arg']) ?? text(list(option['arg'])[0])) : undefined;
  }
  return { language, source };
}
