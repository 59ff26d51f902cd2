import type * as ast from 'oxc-parser';
import type { Context, Machine } from '../machine/machine.types.js';
import { entityFrom } from '../typeorm/entities.js';
import { builder, database } from '../values/value.js';
import type { DatabaseRole, DatabaseValue } from '../values/value.types.js';

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

/** The handle that a TypeScript annotation names, e.g. for the parameter of `(manager: EntityManager) => …`. */
export function annotatedValue(
  machine: Machine,
  annotation: ast.TSTypeAnnotation | null | undefined,
  context: Context,
): DatabaseValue | undefined {
  return annotation ? handleOfType(machine, annotation.typeAnnotation, context) : undefined;
}

/** `source?: DataSource`, or `source: DataSource | undefined`: it may be unset. */
export function mayBeUnset({ optional, typeAnnotation }: ast.BindingIdentifier): boolean {
  const type = typeAnnotation?.typeAnnotation;
  if ((optional as boolean | undefined) === true) return true;
  return type?.type === 'TSUnionType' && type.types.some((member) => NOTHING.has(member.type));
}

const NOTHING: ReadonlySet<string> = new Set(['TSUndefinedKeyword', 'TSNullKeyword', 'TSVoidKeyword']);

function handleOfType(machine: Machine, type: ast.TSType, context: Context): DatabaseValue | undefined {
  if (type.type === 'TSUnionType') {
    for (const member of type.types) {
      const value = handleOfType(machine, member, context);
      if (value) return value;
    }
    return undefined;
  }
  if (type.type !== 'TSTypeReference') return undefined;
  const role = ROLE_OF_TYPE.get(typeName(type.typeName));
  if (role === undefined) return undefined;
  if (role === 'builder') return builder();
  return role === 'repository' ? repositoryOf(machine, type, context) : database(role);
}

/** The handles among the members of an annotation: `{ source: DataSource }`, or an interface of the same file. */
export function memberHandles(
  machine: Machine,
  annotation: ast.TSTypeAnnotation | null | undefined,
  context: Context,
): ReadonlyMap<string, DatabaseValue> {
  const handles = new Map<string, DatabaseValue>();
  for (const member of membersOf(annotation?.typeAnnotation, context)) {
    if (member.type !== 'TSPropertySignature' || member.key.type !== 'Identifier') continue;
    const handle = annotatedValue(machine, member.typeAnnotation, context);
    if (handle) handles.set(member.key.name, handle);
  }
  return handles;
}

function membersOf(type: ast.TSType | undefined, { module }: Context): readonly ast.TSSignature[] {
  if (type?.type === 'TSTypeLiteral') return type.members;
  if (type?.type !== 'TSTypeReference') return [];
  const name = typeName(type.typeName);
  for (const statement of module.program.body) {
    const declared =
      statement.type === 'ExportNamedDeclaration' ? statement.declaration : (statement as ast.Declaration);
    if (declared?.type === 'TSInterfaceDeclaration' && declared.id.name === name) return declared.body.body;
    if (declared?.type === 'TSTypeAliasDeclaration' && declared.id.name === name)
      return declared.typeAnnotation.type === 'TSTypeLiteral' ? declared.typeAnnotation.members : [];
  }
  return [];
}

/** `Repository<User>`: a repository of the entity, when its name is written. */
function repositoryOf(machine: Machine, type: ast.TSTypeReference, context: Context): DatabaseValue {
  const [argument] = type.typeArguments?.params ?? [];
  if (argument?.type !== 'TSTypeReference' || argument.typeName.type !== 'Identifier')
    return database('repository');
  const { typeName: entity } = argument;
  const variable = context.scope.find(entity.name);
  const value = variable ? machine.evaluate({ ...entity, type: 'Identifier' }, context) : undefined;
  return database('repository', entityFrom(value, entity.name));
}

export function typeName(name: ast.TSTypeName): string {
  if (name.type === 'Identifier') return name.name;
  return name.type === 'TSQualifiedName' ? name.right.name : '';
}
