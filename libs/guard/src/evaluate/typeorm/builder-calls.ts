import type { Call } from '../machine/machine.types.js';
import { argumentCode } from '../machine/source-code.js';
import { text } from '../values/text-value.js';
import { array, builderState, plain, unknown } from '../values/value.js';
import type { BuilderState, BuilderVerb, DatabaseValue, EntityName, Value } from '../values/value.types.js';
import { builderCondition, firstRow, listOrigin, rowCount } from './conditions.js';
import { entityFrom } from './entities.js';
import { ORM_VERB_OF_BUILDER } from './orm-verbs.js';

const VERB_OF_METHOD: ReadonlyMap<string, BuilderVerb> = new Map([
  ['insert', 'insert'],
  ['update', 'update'],
  ['delete', 'delete'],
  ['softDelete', 'soft-delete'],
  ['restore', 'restore'],
  ['relation', 'relation'],
]);

const CONDITION = /^(?:(?:and|or)?where(?:InIds)?|having)$/i;

/** Methods that send the statement. */
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

/** Follows a chain of TypeORM's query builder. A write is reported at the method that sends it. */
export function callBuilder(target: DatabaseValue, name: string, call: Call): Value {
  const { site } = call;
  const state = target.builder ?? builderState(target.entity);
  const verb = VERB_OF_METHOD.get(name);
  if (verb) {
    setVerb(state, verb, call);
    return target;
  }
  if (state.verb === 'relation' && RELATION_WRITES.has(name)) {
    report(state, name, call);
    return plain(site.callee);
  }
  if (SENDS.has(name) && state.verb !== 'select') {
    report(state, name, call);
    return unknown(`${site.callee}()`, { rows: true });
  }
  if (name === 'getQueryAndParameters') return array([builtText(state), plain(site.callee)]);
  if (name === 'getQuery' || name === 'getSql') return builtText(state);
  if (READS.test(name)) return unknown(`${site.callee}()`, { rows: true, entity: true });
  build(target, state, name, call);
  return target;
}

/** Methods that add a part to the statement. */
function build(target: DatabaseValue, state: BuilderState, name: string, call: Call): void {
  const { machine, args, site } = call;
  const [first] = args;
  if (name === 'into' || name === 'from') {
    if (first) state.entity = entityOfArgument(call);
  } else if (name === 'set' || name === 'values') {
    addColumns(state, first);
  } else if (name === 'of') {
    // `of(1)` is one row, `of([1, 2])` two.
    if (first?.kind === 'constant' || first?.kind === 'text') state.rows = 1;
    else addRows(state, first);
  } else if (CONDITION.test(name)) {
    if (first) state.conditions.push(builderCondition(first));
  } else {
    for (const arg of args) if (arg.kind === 'function') machine.invoke(arg, [target], site);
  }
}

/** `insert()`, `update(User, { name })` */
function setVerb(state: BuilderState, verb: BuilderVerb, call: Call): void {
  const [entity, columns] = call.args;
  state.verb = verb;
  if (entity && entity.kind !== 'object') state.entity = entityOfArgument(call);
  addColumns(state, entity?.kind === 'object' && !entity.class ? entity : columns);
}

function entityOfArgument({ args, site }: Call): EntityName {
  return entityFrom(args[0], argumentCode(site, 0) ?? '');
}

function addRows(state: BuilderState, value: Value | undefined): void {
  const rows = rowCount(value);
  const list = listOrigin(value);
  if (rows !== undefined) state.rows = rows;
  else if (list) state.list = list;
}

function addColumns(state: BuilderState, value: Value | undefined): void {
  addRows(state, value);
  const row = firstRow(value);
  if (row?.kind === 'object') for (const [name, column] of row.properties) state.columns.set(name, column);
}

/** The SQL of a builder that the migration sends as text. Its verb is known, its names are placeholders. */
function builtText({ verb, entity, conditions }: BuilderState): Value {
  const table = `"${(entity?.table ?? 'unknown_table').replace(/"/g, '')}"`;
  const where = conditions.length > 0 ? ' WHERE "id" = $1' : '';
  const sql = {
    select: `SELECT * FROM ${table}`,
    insert: `INSERT INTO ${table} DEFAULT VALUES`,
    update: `UPDATE ${table} SET "id" = "id"${where}`,
    relation: `UPDATE ${table} SET "id" = "id"${where}`,
    'soft-delete': `UPDATE ${table} SET "deletedAt" = now()${where}`,
    restore: `UPDATE ${table} SET "deletedAt" = NULL${where}`,
    delete: `DELETE FROM ${table}${where}`,
  }[verb];
  return text(sql);
}

function report(state: BuilderState, method: string, { machine, site }: Call): void {
  const { verb, entity, rows, list, columns, conditions } = state;
  if (verb === 'select') return;
  // `relation(…).of(rows)` names the rows.
  const isOfRows = verb === 'insert' || verb === 'relation';
  machine.emit(
    {
      kind: 'orm',
      through: 'builder',
      method: methodOf(verb, method),
      verb: ORM_VERB_OF_BUILDER[verb],
      columns: new Map(columns),
      ...(entity ? { entity } : {}),
      ...(isOfRows ? {} : { conditions: [...conditions] }),
      ...(isOfRows && rows !== undefined ? { rows } : {}),
      ...(isOfRows && rows === undefined && list ? { list } : {}),
    },
    site,
  );
}

function methodOf(verb: BuilderVerb, sender: string): string {
  if (verb === 'relation') return `relation().${sender}`;
  return verb === 'soft-delete' ? 'softDelete' : verb;
}
