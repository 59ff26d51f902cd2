import type * as ast from 'oxc-parser';
import { keyName } from '../../evaluate/classes/classes.js';
import { snakeCase } from '../../evaluate/typeorm/entities.js';
import { parseModule } from '../../source/module-parser.js';
import { camelCase } from './names.js';

/** An entity class of the application. */
export interface FoundEntity {
  readonly table: string;
  /** The schema in the decorator; undefined for that of the data source, null if it is not a constant. */
  readonly schema: string | null | undefined;
  readonly className: string;
  /** Absolute path of its file. */
  readonly file: string;
  /** Its file exports it as the default. */
  readonly isDefault: boolean;
  readonly properties: readonly string[];
  /** It extends another class, which may have further columns. */
  readonly hasBase: boolean;
  /** The property of a column; undefined if the class declares none. */
  readonly propertyOf: (column: string) => string | undefined;
  /** Its primary columns; one without a name in the decorator by all names that it may have. */
  readonly primaryKey: readonly string[];
  /** Lists of columns that identify a row. */
  readonly keys: readonly (readonly string[])[];
}

interface Property {
  readonly name: string;
  readonly column: string | undefined;
  readonly isPrimary: boolean;
  readonly isUnique: boolean;
}

/** The entities that a file exports. */
export function entitiesIn(path: string, text: string): readonly FoundEntity[] {
  const parsed = parseModule(path, text);
  if (!parsed.ok) return [];
  return parsed.module.program.body.flatMap((statement) => {
    const declaration =
      statement.type === 'ExportNamedDeclaration' || statement.type === 'ExportDefaultDeclaration'
        ? statement.declaration
        : statement;
    if (declaration?.type !== 'ClassDeclaration' || !declaration.id) return [];
    const table = tableName(declaration);
    const className = declaration.id.name;
    const isNamed = parsed.module.exports.has(className);
    const isDefault = !isNamed && statement.type === 'ExportDefaultDeclaration';
    if (table === undefined || (!isNamed && !isDefault)) return [];
    const schema = schemaOption(decorator(declaration.decorators, 'Entity') ?? []);
    return [describe(declaration, { table, schema, className, file: path, isDefault })];
  });
}

function tableName(node: ast.Class): string | undefined {
  const entity = decorator(node.decorators, 'Entity');
  if (!entity) return undefined;
  return entity.map(nameFrom).find((name) => name !== undefined) ?? snakeCase(node.id?.name ?? '');
}

function schemaOption(args: readonly ast.Argument[]): string | null | undefined {
  for (const argument of args)
    if (argument.type === 'ObjectExpression')
      for (const property of argument.properties)
        if (property.type !== 'Property' || keyName(property.key) === 'schema') {
          const value = property.type === 'Property' ? property.value : undefined;
          return value?.type === 'Literal' && typeof value.value === 'string' ? value.value : null;
        }
  return undefined;
}

function describe(
  node: ast.Class,
  base: Pick<FoundEntity, 'table' | 'schema' | 'className' | 'file' | 'isDefault'>,
): FoundEntity {
  const properties = node.body.body.flatMap((member): Property[] => {
    if (member.type !== 'PropertyDefinition') return [];
    const name = keyName(member.key);
    return name === undefined ? [] : [propertyFrom(name, member.decorators)];
  });
  const columns = new Map(
    properties.flatMap(({ name, column }) => (column === undefined ? [] : [[column, name]])),
  );
  const names = properties.map(({ name }) => name);
  const columnOf = ({ name, column }: Property): string => column ?? name;
  const primary = properties.filter(({ isPrimary }) => isPrimary).map(columnOf);
  return {
    ...base,
    properties: names,
    hasBase: node.superClass != null,
    propertyOf: (column) =>
      columns.get(column) ?? [column, camelCase(column)].find((name) => names.includes(name)),
    primaryKey: properties
      .filter(({ isPrimary }) => isPrimary)
      .flatMap(({ name, column }) => (column === undefined ? [name, snakeCase(name)] : [column])),
    keys: [
      ...(primary.length > 0 ? [primary] : []),
      ...properties.filter(({ isUnique }) => isUnique).map((property) => [columnOf(property)]),
    ],
  };
}

function propertyFrom(name: string, decorators: readonly ast.Decorator[]): Property {
  const calls = decorators.flatMap(({ expression }) =>
    expression.type === 'CallExpression' && expression.callee.type === 'Identifier'
      ? [{ decorator: expression.callee.name, args: expression.arguments }]
      : [],
  );
  const column = calls
    .flatMap(({ args }) => args)
    .map((argument) => (argument.type === 'ObjectExpression' ? nameFrom(argument) : undefined))
    .find((found) => found !== undefined);
  const isUnique = calls.some(({ args }) =>
    args.some(
      (argument) =>
        argument.type === 'ObjectExpression' &&
        argument.properties.some(
          (property) =>
            property.type === 'Property' &&
            keyName(property.key) === 'unique' &&
            property.value.type === 'Literal' &&
            property.value.value === true,
        ),
    ),
  );
  return { name, column, isUnique, isPrimary: calls.some(({ decorator: kind }) => /^Primary/.test(kind)) };
}

function decorator(decorators: readonly ast.Decorator[], name: string): readonly ast.Argument[] | undefined {
  for (const { expression } of decorators)
    if (
      expression.type === 'CallExpression' &&
      expression.callee.type === 'Identifier' &&
      expression.callee.name === name
    )
      return expression.arguments;
  return undefined;
}

function nameFrom(argument: ast.Argument): string | undefined {
  if (argument.type === 'Literal' && typeof argument.value === 'string') return argument.value;
  if (argument.type !== 'ObjectExpression') return undefined;
  for (const property of argument.properties)
    if (
      property.type === 'Property' &&
      keyName(property.key) === 'name' &&
      property.value.type === 'Literal' &&
      typeof property.value.value === 'string'
    )
      return property.value.value;
  return undefined;
}
