import type { BuilderState, BuilderVerb, DatabaseValue, EntityName } from '../values/database-value.js';
import { entityFrom } from './entities.js';
import { ORM_VERB_OF_BUILDER } from '../machine/event.types.js';
import { type CallSite, type Machine, codeOf } from '../machine/machine.types.js';
import { type Value, factsOf, unknown } from '../values/value.js';

const VERB_OF_METHOD: ReadonlyMap<string, BuilderVerb> = new Map([
  ['insert', 'insert'],
  ['update', 'update'],
  ['delete', 'delete'],
  ['softDelete', 'soft-delete'],
  ['restore', 'restore'],
  ['relation', 'relation'],
]);

const CONDITIONS = new Set([
  'where',
  'andWhere',
  'orWhere',
  'whereInIds',
  'andWhereInIds',
  'orWhereInIds',
  'having',
]);

/** Methods that send what was built. */
const SENDS = new Set([
  'execute',
  'getRawMany',
  'getMany',
  'getOne',
  'getRawOne',
  'stream',
  'getRawAndEntities',
]);

/** Methods of `relation()` builders that write without `execute()`. */
const RELATION_WRITES = new Set(['add', 'remove', 'set', 'addAndRemove']);

const READS = /^(?:get(?!Query$|Sql$|QueryAndParameters$|Parameters$)|stream$|exists$)/;

export function builderState(entity?: EntityName): BuilderState {
  const state: BuilderState = { verb: 'select', conditions: [], columns: new Map(), reported: false };
  if (entity) state.entity = entity;
  return state;
}

/** Follows a chain of TypeORM's query builder; what it writes is reported where it is sent. */
export function callBuilder(
  machine: Machine,
  target: DatabaseValue,
  name: string,
  args: readonly Value[],
  site: CallSite,
): Value {
  const state = target.builder ?? builderState(target.entity);
  const verb = VERB_OF_METHOD.get(name);
  if (verb) {
    state.verb = verb;
    const [entity, set] = args;
    if (entity && entity.kind !== 'object') state.entity = entityFrom(entity, codeOfArgument(site, 0));
    addColumns(state, entity?.kind === 'object' && !entity.class ? entity : set);
    return target;
  }
  if (state.verb === 'relation' && RELATION_WRITES.has(name)) {
    report(machine, state, site, name);
    return unknown(site.callee);
  }
  if (name === 'into' || name === 'from') {
    if (args[0]) state.entity = entityFrom(args[0], codeOfArgument(site, 0));
  } else if (name === 'set' || name === 'values') {
    addColumns(state, args[0]);
  } else if (CONDITIONS.has(name)) {
    addCondition(state, args[0]);
  } else if (SENDS.has(name) && state.verb !== 'select') {
    report(machine, state, site, name);
    return unknown(site.callee, { rows: true });
  } else if (name === 'getQuery' || name === 'getSql' || name === 'getQueryAndParameters') {
    return builtText(state, site, name);
  } else if (READS.test(name)) {
    return unknown(site.callee, { rows: true, entity: true });
  } else {
    for (const arg of args) if (arg.kind === 'function') machine.invoke(arg, [target], site);
  }
  return target;
}

/** The SQL of a builder, for whoever sends it as text: its verb is known, its names are not spelled out. */
function builtText(state: BuilderState, site: CallSite, name: string): Value {
  const table = `"${(state.entity?.table ?? 'unknown_table').replace(/"/g, '')}"`;
  const where = state.conditions.length > 0 ? ' WHERE "id" = $1' : '';
  const sql = {
    select: `SELECT * FROM ${table}`,
    insert: `INSERT INTO ${table} DEFAULT VALUES`,
    update: `UPDATE ${table} SET "id" = "id"${where}`,
    relation: `UPDATE ${table} SET "id" = "id"${where}`,
    'soft-delete': `UPDATE ${table} SET "deletedAt" = now()${where}`,
    restore: `UPDATE ${table} SET "deletedAt" = NULL${where}`,
    delete: `DELETE FROM ${table}${where}`,
  }[state.verb];
  const text: Value = { kind: 'text', parts: [{ text: sql }] };
  return name === 'getQueryAndParameters'
    ? { kind: 'array', items: [text, unknown(site.callee)], open: false }
    : text;
}

function addColumns(state: BuilderState, value: Value | undefined): void {
  const item = value?.kind === 'array' ? value.items[0] : value;
  if (value?.kind === 'array' && !value.open && !factsOf(value).rows) state.rows = value.items.length;
  else if (value?.kind === 'object' && !factsOf(value).rows) state.rows = 1;
  if (item?.kind === 'object') for (const [name, column] of item.properties) state.columns.set(name, column);
}

function addCondition(state: BuilderState, value: Value | undefined): void {
  if (!value) return;
  if (value.kind === 'text') state.conditions.push({ text: value, columns: [], facts: factsOf(value) });
  else if (value.kind === 'object')
    state.conditions.push({ columns: [...value.properties.keys()], facts: factsOf(value) });
  else state.conditions.push({ columns: ['id'], facts: factsOf(value) });
}

function report(machine: Machine, state: BuilderState, site: CallSite, method: string): void {
  if (state.verb === 'select') return;
  machine.emit(
    {
      kind: 'orm',
      through: 'builder',
      method:
        state.verb === 'relation'
          ? `relation().${method}`
          : state.verb === 'soft-delete'
            ? 'softDelete'
            : state.verb,
      verb: ORM_VERB_OF_BUILDER[state.verb],
      columns: new Map(state.columns),
      ...(state.entity ? { entity: state.entity } : {}),
      ...(state.verb === 'insert' ? {} : { conditions: [...state.conditions] }),
      ...(state.verb === 'insert' && state.rows !== undefined ? { rows: state.rows } : {}),
    },
    site,
  );
}

function codeOfArgument({ node, context }: CallSite, index: number): string {
  const argument = node.type === 'TaggedTemplateExpression' ? undefined : node.arguments[index];
  return argument ? codeOf(argument, context.module) : '';
}
