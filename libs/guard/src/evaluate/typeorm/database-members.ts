import { type DatabaseValue, database } from '../values/database-value.js';
import { POSTGRES } from '../values/driver-names.js';
import { text } from '../values/text-value.js';
import { type Value, constant, object, unknown } from '../values/value.js';

/** A property of a database handle: another handle, the driver's type, or a method. */
export function databaseMember(target: DatabaseValue, name: string, expression: string): Value {
  switch (name) {
    case 'manager':
      return database('manager');
    case 'connection':
    case 'dataSource':
      return database('source');
    case 'queryRunner':
      return database('runner');
    case 'options':
      return object([['type', text(POSTGRES)]], true);
    case 'driver':
      return object([['options', object([['type', text(POSTGRES)]], true)]], true);
    case 'isInitialized':
    case 'isConnected':
      return constant(true);
    case 'isTransactionActive':
    case 'isReleased':
    case 'metadata':
    case 'target':
    case 'expressionMap':
    case 'entityMetadatas':
    case 'alias':
      return unknown(expression);
    default:
      return { kind: 'native', name: `database.${name}`, self: target };
  }
}
