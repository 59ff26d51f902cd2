import type { Call } from '../machine/machine.types.js';
import { argumentCode } from '../machine/source-code.js';
import { UNDEFINED, builder, database, plain, unknown } from '../values/value.js';
import type { DatabaseValue, EntityName, FunctionValue, Value } from '../values/value.types.js';
import { callBuilder } from './builder-calls.js';
import { createdEntities } from './created-entities.js';
import { entityFrom } from './entities.js';
import { ORM_WRITES } from './orm-verbs.js';
import { writeRows } from './orm-writes.js';
import { foundTable } from './schema-objects.js';
import { sendSql } from './sql-calls.js';

type DatabaseModel = (target: DatabaseValue, call: Call) => Value;

/** The methods of handles that neither read rows nor write rows through the ORM. */
const MODELS: ReadonlyMap<string, DatabaseModel> = new Map<string, DatabaseModel>([
  ['query', (_target, call) => sendSql(call)],
  ['stream', (_target, call) => sendSql(call)],
  ['sql', (_target, call) => sendSql(call)],
  ['executeSqlQuery', (_target, call) => sendSql(call)],
  ['execute', (_target, call) => sendSql(call)],
  ['createQueryRunner', () => database('runner')],
  ['createEntityManager', () => database('manager')],
  ['connect', (target) => target],
  ['initialize', (target) => target],
  ['reconnect', (target) => target],
  ['valueOf', (target) => target],
  ['getConnection', (target) => target],
  ['getRepository', repository],
  ['getTreeRepository', repository],
  ['getMongoRepository', repository],
  ['getRepositoryFor', repository],
  ['getCustomRepository', customRepository],
  ['withRepository', customRepository],
  ['extend', extend],
  ['createQueryBuilder', createQueryBuilder],
  ['transaction', transaction],
  ['clearTable', clearTable],
  ['getTable', getTable],
  ['runMigrations', undecided],
  ['undoLastMigration', undecided],
  ['synchronize', synchronize],
]);

export function callDatabase(target: DatabaseValue, name: string, call: Call): Value {
  const added = target.methods?.get(name);
  if (added) return callAddedMethod(target, added, call);
  if (target.role === 'builder') return callBuilder(target, name, call);
  const model = MODELS.get(name);
  if (model) return model(target, call);
  const writes = target.role === 'manager' || target.role === 'repository';
  return writes && ORM_WRITES.has(name) ? writeRows(target, name, call) : read(target, name, call);
}

/** A repository may have a method of this name that the application added. */
function getTable(target: DatabaseValue, call: Call): Value {
  const { args, site } = call;
  return target.role === 'runner' ? foundTable(args[0], site.callee) : read(target, 'getTable', call);
}

/** A method that `extend` added to a repository. */
function callAddedMethod(target: DatabaseValue, method: Value, { machine, args, site }: Call): Value {
  return machine.call(method.kind === 'function' ? { ...method, thisValue: target } : method, args, site);
}

function firstEntity({ args, site }: Call): EntityName {
  return entityFrom(args[0], argumentCode(site, 0) ?? site.callee);
}

function repository(_target: DatabaseValue, call: Call): Value {
  return database('repository', firstEntity(call));
}

/** `getCustomRepository(UserRepository)`, `withRepository(userRepository)` */
function customRepository(_target: DatabaseValue, call: Call): Value {
  const [value] = call.args;
  if (value?.kind === 'class') return call.machine.construct(value, [], call.site);
  return value?.kind === 'object' || value?.kind === 'database'
    ? value
    : database('repository', firstEntity(call));
}

function extend(target: DatabaseValue, { args: [methods] }: Call): Value {
  return methods?.kind === 'object' ? { ...target, methods: methods.properties } : target;
}

function createQueryBuilder(target: DatabaseValue, call: Call): Value {
  return builder(target.entity ?? (call.args.length > 1 ? firstEntity(call) : undefined));
}

function transaction(_target: DatabaseValue, call: Call): Value {
  const { machine, args, site } = call;
  const body = args.find((arg): arg is FunctionValue => arg.kind === 'function') ?? args.at(-1);
  return body ? machine.call(body, [database('manager')], site) : UNDEFINED;
}

function clearTable(_target: DatabaseValue, call: Call): Value {
  call.machine.emit(
    {
      kind: 'orm',
      through: 'runner',
      method: 'clearTable',
      verb: 'truncate',
      entity: firstEntity(call),
      columns: new Map(),
    },
    call.site,
  );
  return UNDEFINED;
}

/** What other migrations do is not followed. */
function undecided(_target: DatabaseValue, { machine, site }: Call): Value {
  machine.emit({ kind: 'undecided', reason: 'helper', expression: site.callee }, site);
  return UNDEFINED;
}

/** It drops and changes what the entities say, which the guard cannot know. `synchronize(true)` drops all first. */
function synchronize(_target: DatabaseValue, { machine, args, site }: Call): Value {
  machine.emit({ kind: 'schema', method: 'synchronize', args }, site);
  machine.emit({ kind: 'undecided', reason: 'synchronize', expression: site.callee }, site);
  return UNDEFINED;
}

/** The methods of TypeORM's repositories that do not write. Any other method was added by the application. */
const REPOSITORY_READS =
  /^(?:find|count|exist|sum|average|minimum|maximum|aggregate|create|merge|preload|hasId|getId|target|metadata|then|catch|finally|release|on$|once$)/;

/** These methods make an entity without reading a row. */
const ENTITY_FACTORIES = new Set(['create', 'merge', 'preload']);

/** The methods that change or lock tables, and those of transactions; `dropDatabase` is also one of the data source. */
const SCHEMA_METHODS =
  /^(?:(?:create|drop|rename)Table|(?:add|drop|change)Columns?|renameColumn|clearDatabase|dropDatabase|dropSchema|(?:create|drop)(?:Index|Indices)|(?:create|drop)PrimaryKey|updatePrimaryKeys|(?:create|drop)(?:UniqueConstraint|CheckConstraint|ExclusionConstraint|ForeignKey)s?|(?:start|commit|rollback)Transaction)$/;

/** Reads, and the schema methods of the query runner. Their callbacks are followed. */
function read(target: DatabaseValue, name: string, { machine, args, site }: Call): Value {
  for (const arg of args)
    if (arg.kind === 'function') machine.invoke(arg, [unknown('', { rows: true })], site);
  if (SCHEMA_METHODS.test(name) && (target.role === 'runner' || name === 'dropDatabase'))
    machine.emit({ kind: 'schema', method: name, args }, site);
  if (target.role === 'runner') return plain(site.callee);
  if (target.role === 'repository' && !REPOSITORY_READS.test(name))
    machine.emit({ kind: 'undecided', reason: 'helper', expression: site.callee }, site);
  if (ENTITY_FACTORIES.has(name)) return createdEntities({ machine, args, site });
  return unknown(`${site.callee}()`, { rows: true, entity: true });
}
