import type { OrmVerb } from '../machine/event.types.js';
import type { BuilderVerb } from '../values/value.types.js';

/** The methods of a manager, a repository or an entity that write rows. */
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

/** Writes with an argument that says which rows. The others receive the rows themselves. */
export const CONDITIONAL_WRITES: ReadonlySet<string> = new Set([
  'update',
  'delete',
  'softDelete',
  'restore',
  'increment',
  'decrement',
]);

/** Writes that receive rows, from which TypeORM can also infer the entity. */
export const ROW_WRITES: ReadonlySet<string> = new Set(['save', 'remove', 'softRemove', 'recover']);

export const ORM_VERB_OF_BUILDER = {
  insert: 'insert',
  update: 'update',
  delete: 'delete',
  'soft-delete': 'update',
  restore: 'update',
  relation: 'update',
} as const satisfies Record<Exclude<BuilderVerb, 'select'>, OrmVerb>;
