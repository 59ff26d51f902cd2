import { builderState, callBuilder } from './builder-calls.js';
import { type Condition, type DatabaseValue, database } from '../values/database-value.js';
import { entityFrom } from './entities.js';
import type { OrmVerb } from '../machine/event.types.js';
import { type CallSite, type Machine, codeOf } from '../machine/machine.types.js';
import { concatenate } from '../values/text-value.js';
import { type FunctionValue, type Value, UNDEFINED, optionsOf, factsOf, unknown } from '../values/value.js';

/** Which verb a method of a manager or repository stands for. */
export const ORM_WRITES: ReadonlyMap<string, OrmVerb> = new Map([
  ['save', 'save'],
  ['insert', 'insert'],
  ['upsert', 'insert'],
  ['update', 'update'],
  ['updateAll', 'update'],
  ['increment', 'update'],
  ['decrement', 'update'],
  ['softDelete', 'update'],
  ['softRemove', 'update'],
  ['restore', 'update'],
  ['recover', 'update'],
  ['delete', 'delete'],
  ['deleteAll', 'delete'],
  ['remove', 'delete'],
  ['clear', 'truncate'],
]);

/** Writes whose second argument says which rows; the others are given the rows themselves. */
const CONDITIONAL = new Set(['update', 'delete', 'softDelete', 'restore', 'increment', 'decrement']);

/** What TypeORM's own repositories have besides writes: any other method is the application's. */
const REPOSITORY_READS =
  /^(?:find|count|exist|sum|average|minimum|maximum|aggregate|create|merge|preload|hasId|getId|target|metadata|then|catch|finally|release|on$|once$)/;

const SENDS_SQL = new Set(['query', 'stream', 'sql', 'executeSqlQuery', 'execute']);

export function callDatabase(
  machine: Machine,
  target: DatabaseValue,
  name: string,
  args: readonly Value[],
  site: CallSite,
): Value {
  const own = target.methods?.get(name);
  if (own) return machine.call(own.kind === 'function' ? { ...own, self: target } : own, args, site);
  if (target.role === 'builder') return callBuilder(machine, target, name, args, site);
  if (SENDS_SQL.has(name)) return send(machine, args[0], site);
  switch (name) {
    case 'createQueryRunner':
      return database('runner');
    case 'connect':
    case 'initialize':
    case 'reconnect':
    case 'getConnection':
      return target;
    case 'getRepository':
    case 'getTreeRepository':
    case 'getMongoRepository':
      return database('repository', entityFrom(args[0], argumentCode(site, 0)));
    case 'getCustomRepository':
    case 'withRepository':
      return target.role === 'source' || target.role === 'manager'
        ? repositoryOf(machine, args[0], site)
        : database('repository');
    case 'extend':
      return args[0]?.kind === 'object' ? { ...target, methods: args[0].properties } : target;
    case 'createQueryBuilder': {
      const entity =
        target.entity ??
        (args[0] && args.length > 1 ? entityFrom(args[0], argumentCode(site, 0)) : undefined);
      return { kind: 'database', role: 'builder', builder: builderState(entity) };
    }
    case 'transaction':
      return transaction(machine, args, site);
    case 'clearTable':
      machine.emit(
        {
          kind: 'orm',
          through: 'runner',
          method: name,
          verb: 'truncate',
          entity: entityFrom(args[0], argumentCode(site, 0)),
          columns: new Map(),
        },
        site,
      );
      return UNDEFINED;
    case 'runMigrations':
    case 'undoLastMigration':
      machine.emit({ kind: 'undecided', reason: 'helper', expression: site.callee }, site);
      return UNDEFINED;
    default:
  }
  const verb = target.role === 'manager' || target.role === 'repository' ? ORM_WRITES.get(name) : undefined;
  if (verb === undefined) return read(machine, target, name, args, site);
  return write(machine, target, name, verb, args, site);
}

function send(machine: Machine, sql: Value | undefined, site: CallSite): Value {
  for (const option of sql ? optionsOf(sql) : []) {
    if (option.kind === 'text' || option.kind === 'unknown')
      machine.emit({ kind: 'sql', text: option }, site);
    else if (option.kind === 'object')
      send(
        machine,
        option.properties.get('text') ?? option.properties.get('sql') ?? unknown(site.callee),
        site,
      );
    else if (option.kind === 'array') {
      const joined = concatenate(option.items.map((value) => ({ value, expression: site.callee })));
      send(machine, option.items.length > 0 && !option.open ? joined : unknown(argumentCode(site, 0)), site);
    } else if (option.kind !== 'constant')
      machine.emit({ kind: 'sql', text: unknown(argumentCode(site, 0)) }, site);
  }
  return unknown(site.callee, { rows: true });
}

function transaction(machine: Machine, args: readonly Value[], site: CallSite): Value {
  const body = args.find((arg): arg is FunctionValue => arg.kind === 'function');
  if (body) return machine.invoke(body, [database('manager')], site);
  const [last] = args.slice(-1);
  if (last) return machine.call(last, [database('manager')], site);
  return UNDEFINED;
}

function repositoryOf(machine: Machine, value: Value | undefined, site: CallSite): Value {
  if (value?.kind === 'class') return machine.construct(value, [], site);
  return value?.kind === 'object' || value?.kind === 'database'
    ? value
    : database('repository', entityFrom(value, argumentCode(site, 0)));
}

/** Reads, and schema work of the query runner. Callbacks given to them are followed. */
function read(
  machine: Machine,
  target: DatabaseValue,
  name: string,
  args: readonly Value[],
  site: CallSite,
): Value {
  for (const arg of args)
    if (arg.kind === 'function') machine.invoke(arg, [unknown('', { rows: true })], site);
  if (target.role === 'runner') return unknown(site.callee);
  if (target.role === 'repository' && !REPOSITORY_READS.test(name))
    machine.emit({ kind: 'undecided', reason: 'helper', expression: site.callee }, site);
  const isNew = name === 'create' || name === 'merge' || name === 'preload';
  return unknown(site.callee, isNew ? { entity: true } : { rows: true, entity: true });
}

function write(
  machine: Machine,
  target: DatabaseValue,
  name: string,
  verb: OrmVerb,
  args: readonly Value[],
  site: CallSite,
): Value {
  const offset = target.role === 'manager' && target.entity === undefined && takesEntity(name, args) ? 1 : 0;
  const entity =
    target.entity ?? (offset === 1 ? entityFrom(args[0], argumentCode(site, 0)) : entityOfRows(args[0]));
  const columns = columnsOf(CONDITIONAL.has(name) ? args[offset + 1] : args[offset]);
  const base = {
    kind: 'orm',
    through: target.role === 'manager' ? 'manager' : 'repository',
    method: name,
    verb,
    columns,
  } as const;
  const withEntity = entity ? { ...base, entity } : base;
  if (CONDITIONAL.has(name)) machine.emit({ ...withEntity, conditions: conditionsOf(args[offset]) }, site);
  else {
    const rows = rowCount(args[offset]);
    machine.emit(rows === undefined ? { ...withEntity } : { ...withEntity, rows }, site);
  }
  return unknown(site.callee, { ...factsOf(args[offset] ?? UNDEFINED), entity: true });
}

/** `save(entity)`, `remove(entity)` and their like may be called without naming the entity. */
function takesEntity(name: string, args: readonly Value[]): boolean {
  if (!['save', 'remove', 'softRemove', 'recover'].includes(name)) return true;
  return args.length > 1 && args[0]?.kind !== 'array' && args[0]?.kind !== 'object';
}

function entityOfRows(value: Value | undefined): ReturnType<typeof entityFrom> | undefined {
  const item = value?.kind === 'array' ? value.items[0] : value;
  return item?.kind === 'object' && item.class ? entityFrom(item.class, '') : undefined;
}

function columnsOf(value: Value | undefined): ReadonlyMap<string, Value> {
  const item = value?.kind === 'array' ? value.items[0] : value;
  return item?.kind === 'object' ? item.properties : new Map();
}

function rowCount(value: Value | undefined): number | undefined {
  if (value?.kind === 'array') return value.open || factsOf(value).rows ? undefined : value.items.length;
  return value?.kind === 'object' && !factsOf(value).rows ? 1 : undefined;
}

/** What a find condition restricts; an empty one restricts nothing. */
export function conditionsOf(value: Value | undefined): readonly Condition[] {
  if (!value) return [];
  if (value.kind === 'object' && !value.open) {
    if (value.properties.size === 0) return [];
    return [{ columns: [...value.properties.keys()], facts: factsOf(value) }];
  }
  return [
    { columns: value.kind === 'object' ? [...value.properties.keys()] : ['id'], facts: factsOf(value) },
  ];
}

export function argumentCode(site: CallSite, index: number): string {
  const { node, context } = site;
  const argument = node.type === 'TaggedTemplateExpression' ? undefined : node.arguments[index];
  return argument ? codeOf(argument, context.module) : site.callee;
}
