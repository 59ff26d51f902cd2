import { lineage } from '../classes/classes.js';
import { ORM_WRITES, conditionsOf } from './database-calls.js';
import { builderState } from './builder-calls.js';
import { database } from '../values/database-value.js';
import { entityFrom, isEntityClass } from './entities.js';
import type { CallSite, Machine } from '../machine/machine.types.js';
import { type ClassValue, type Value, factsOf, unknown } from '../values/value.js';

/** Methods of one row that is an entity. */
const ROW_WRITES = new Set(['save', 'remove', 'softRemove', 'recover']);

const STATIC_READS = /^(?:find|count|exist|sum|average|minimum|maximum|query$|create$|merge$|preload$)/;

/** TypeORM's active record: `User.update(…)`, `user.save()`. Yields nothing when the target is no entity. */
export function callEntity(
  machine: Machine,
  target: Value,
  name: string,
  args: readonly Value[],
  site: CallSite,
): Value | undefined {
  if (target.kind === 'object') {
    if (!target.class || !ROW_WRITES.has(name) || !isEntity(machine, target.class)) return undefined;
    return writeRow(machine, target, name, site);
  }
  if (target.kind === 'class')
    return isEntity(machine, target) ? callStatic(machine, target, name, args, site, target.name) : undefined;
  if (target.kind !== 'unknown') return undefined;
  if (target.facts.entity && ROW_WRITES.has(name)) return writeRow(machine, target, name, site);
  return namesEntity(target.expression, target.facts.module)
    ? callStatic(machine, target, name, args, site, target.expression)
    : undefined;
}

function isEntity(machine: Machine, value: ClassValue): boolean {
  const chain = lineage(machine, value);
  const root = chain.at(-1)?.node.superClass;
  return chain.some(isEntityClass) || (root?.type === 'Identifier' && root.name === 'BaseEntity');
}

/** An import that was not read, but is named or placed like an entity. */
function namesEntity(expression: string, module: string | undefined): boolean {
  if (module === undefined || !/^[A-Z]\w*$/.test(expression)) return false;
  return /entit|models?\b|\.model/i.test(module) || /(?:Entity|Model)$/.test(expression);
}

function writeRow(machine: Machine, target: Value, name: string, site: CallSite): Value {
  const entity = target.kind === 'object' && target.class ? entityFrom(target.class, '') : undefined;
  const base = {
    kind: 'orm',
    through: 'entity',
    method: name,
    verb: ORM_WRITES.get(name) ?? 'save',
    columns: target.kind === 'object' ? target.properties : new Map<string, Value>(),
    ...(factsOf(target).rows ? {} : { rows: 1 }),
  } as const;
  machine.emit(entity ? { ...base, entity } : base, site);
  return target;
}

function callStatic(
  machine: Machine,
  target: Value,
  name: string,
  args: readonly Value[],
  site: CallSite,
  expression: string,
): Value | undefined {
  const entity = entityFrom(target, expression);
  if (name === 'createQueryBuilder')
    return { kind: 'database', role: 'builder', builder: builderState(entity) };
  if (name === 'getRepository') return database('repository', entity);
  if (name === 'query')
    return machine.call(
      { kind: 'native', name: 'database.query', self: database('repository', entity) },
      args,
      site,
    );
  const verb = ORM_WRITES.get(name);
  if (verb) {
    const base = {
      kind: 'orm',
      through: 'entity',
      method: name,
      verb,
      entity,
      columns: args[1]?.kind === 'object' ? args[1].properties : new Map<string, Value>(),
    } as const;
    machine.emit(
      verb === 'update' || verb === 'delete' ? { ...base, conditions: conditionsOf(args[0]) } : base,
      site,
    );
    return unknown(site.callee, { entity: true });
  }
  return STATIC_READS.test(name)
    ? unknown(site.callee, { rows: !/^(?:create|merge)$/.test(name), entity: true })
    : undefined;
}
