import { POSTGRES } from '../values/driver-names.js';
import { text } from '../values/text-value.js';
import { database, object, plain } from '../values/value.js';
import type { DatabaseValue, Value } from '../values/value.types.js';

/** Properties of a handle that are not methods, and that say nothing about the database. */
const OTHER_PROPERTIES = new Set([
  'isTransactionActive',
  'isReleased',
  'metadata',
  'target',
  'expressionMap',
  'entityMetadatas',
  'alias',
]);

/** A property of a database handle: another handle, the driver's options, or a method. */
export function databaseMember(target: DatabaseValue, name: string, expression: string): Value {
  switch (name) {
    case 'manager':
      return database('manager');
    case 'connection':
    case 'dataSource':
      return database('source');
    case 'queryRunner':
      return database('runner');
    case 'repository':
      // Of TypeORM's AbstractRepository; its instances count as repositories themselves.
      return target.role === 'repository' ? target : otherMember(target, name, expression);
    case 'options':
      return driverOptions();
    case 'driver':
      return object([['options', driverOptions()]], { isOpen: true });
    default:
      return otherMember(target, name, expression);
  }
}

function otherMember(target: DatabaseValue, name: string, expression: string): Value {
  return OTHER_PROPERTIES.has(name)
    ? plain(expression)
    : { kind: 'native', name: `database.${name}`, receiver: target };
}

function driverOptions(): Value {
  return object([['type', text(POSTGRES)]], { isOpen: true });
}
