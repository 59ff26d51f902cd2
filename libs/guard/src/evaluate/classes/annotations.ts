import type * as ast from 'oxc-parser';
import { entityFrom } from '../typeorm/entities.js';
import { type DatabaseRole, type DatabaseValue, database } from '../values/database-value.js';
import type { Context, Machine } from '../machine/machine.types.js';

const ROLE_OF_TYPE: ReadonlyMap<string, DatabaseRole> = new Map([
  ['QueryRunner', 'runner'],
  ['PostgresQueryRunner', 'runner'],
  ['DataSource', 'source'],
  ['Connection', 'source'],
  ['EntityManager', 'manager'],
  ['Repository', 'repository'],
  ['TreeRepository', 'repository'],
  ['MongoRepository', 'repository'],
  ['SelectQueryBuilder', 'builder'],
]);

/** The handle that a TypeScript annotation promises, e.g. of a callback's parameter `(manager: EntityManager) => …`. */
export function annotatedValue(
  machine: Machine,
  annotation: ast.TSTypeAnnotation | null | undefined,
  context: Context,
): DatabaseValue | undefined {
  return annotation ? fromType(machine, annotation.typeAnnotation, context) : undefined;
}

function fromType(machine: Machine, type: ast.TSType, context: Context): DatabaseValue | undefined {
  if (type.type === 'TSUnionType') {
    for (const member of type.types) {
      const value = fromType(machine, member, context);
      if (value) return value;
    }
    return undefined;
  }
  if (type.type !== 'TSTypeReference') return undefined;
  const role = ROLE_OF_TYPE.get(typeName(type.typeName));
  if (role === undefined) return undefined;
  if (role === 'builder')
    return {
      kind: 'database',
      role,
      builder: { verb: 'select', conditions: [], columns: new Map(), reported: false },
    };
  const [argument] = type.typeArguments?.params ?? [];
  if (
    role !== 'repository' ||
    argument?.type !== 'TSTypeReference' ||
    argument.typeName.type !== 'Identifier'
  )
    return database(role);
  const { name } = argument.typeName;
  const cell = context.scope.find(name);
  return database(
    role,
    entityFrom(
      cell ? machine.evaluate({ ...argument.typeName, type: 'Identifier' }, context) : undefined,
      name,
    ),
  );
}

export function typeName(name: ast.TSTypeName): string {
  if (name.type === 'Identifier') return name.name;
  return name.type === 'TSQualifiedName' ? name.right.name : '';
}
