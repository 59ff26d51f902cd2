import { lineage } from '../classes/classes.js';
import type { Call, Machine } from '../machine/machine.types.js';
import { factsOf } from '../values/facts.js';
import { builder, database, unknown } from '../values/value.js';
import type { ClassValue, EntityName, Value } from '../values/value.types.js';
import { conditionsOf } from './conditions.js';
import { createdEntities } from './created-entities.js';
import { entityFrom, isEntityClass } from './entities.js';
import { ORM_WRITES, ROW_WRITES } from './orm-verbs.js';
import { sendSql } from './sql-calls.js';

const STATIC_READS = /^(?:find|count|exist|sum|average|minimum|maximum|query$|create$|merge$|preload$)/;

/** TypeORM's active record: `User.update(…)`, `user.save()`. Returns nothing when the target is no entity. */
export function callEntity(target: Value, name: string, call: Call): Value | undefined {
  if (ROW_WRITES.has(name) && isRow(target, call.machine)) return writeRow(target, name, call);
  const entity = entityOf(target, call.machine);
  return entity && callStatic(entity, name, call);
}

function isRow(target: Value, machine: Machine): boolean {
  if (target.kind === 'object') return target.class !== undefined && isEntity(machine, target.class);
  return target.kind === 'unknown' && target.facts.entity === true;
}

function isEntity(machine: Machine, value: ClassValue): boolean {
  const chain = lineage(machine, value);
  const root = chain.at(-1)?.node.superClass;
  return chain.some(isEntityClass) || (root?.type === 'Identifier' && root.name === 'BaseEntity');
}

/** The entity whose class the target is. An unread import is one when its name or its file says so. */
function entityOf(target: Value, machine: Machine): EntityName | undefined {
  if (target.kind === 'class') return isEntity(machine, target) ? entityFrom(target, target.name) : undefined;
  if (target.kind !== 'unknown') return undefined;
  const { expression, facts } = target;
  return namesEntity(expression, facts.module) ? entityFrom(target, expression) : undefined;
}

function namesEntity(expression: string, module: string | undefined): boolean {
  if (module === undefined || !/^[A-Z]\w*$/.test(expression)) return false;
  return /entit|models?\b|\.model/i.test(module) || /(?:Entity|Model)$/.test(expression);
}

function writeRow(target: Value, name: string, { machine, site }: Call): Value {
  const row = target.kind === 'object' ? target : undefined;
  machine.emit(
    {
      kind: 'orm',
      through: 'entity',
      method: name,
      verb: ORM_WRITES.get(name) ?? 'save',
      columns: row?.properties ?? new Map<string, Value>(),
      ...(factsOf(target).rows ? {} : { rows: 1 }),
      ...(row?.class ? { entity: entityFrom(row.class, '') } : {}),
    },
    site,
  );
  return target;
}

function callStatic(entity: EntityName, name: string, call: Call): Value | undefined {
  if (name === 'createQueryBuilder') return builder(entity);
  if (name === 'getRepository') return database('repository', entity);
  if (name === 'query') return sendSql(call);
  if (ORM_WRITES.has(name)) return writeStatic(entity, name, call);
  if (!STATIC_READS.test(name)) return undefined;
  if (/^(?:create|merge)$/.test(name)) return createdEntities(call);
  return unknown(`${call.site.callee}()`, { rows: true, entity: true });
}

function writeStatic(entity: EntityName, name: string, { machine, args, site }: Call): Value {
  const [conditions, columns] = args;
  const verb = ORM_WRITES.get(name) ?? 'save';
  machine.emit(
    {
      kind: 'orm',
      through: 'entity',
      method: name,
      verb,
      entity,
      columns: columns?.kind === 'object' ? columns.properties : new Map<string, Value>(),
      ...(verb === 'update' || verb === 'delete' ? { conditions: conditionsOf(conditions) } : {}),
    },
    site,
  );
  return unknown(`${site.callee}()`, { entity: true });
}
