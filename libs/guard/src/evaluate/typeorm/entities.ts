import type * as ast from 'oxc-parser';
import { knownText } from '../values/text-value.js';
import type { ClassValue, EntityName, Value } from '../values/value.types.js';

/**
 * The entity that a value names: by its class, by its name or table in a string, or by the name of an unread
 * import.
 */
export function entityFrom(value: Value | undefined, expression: string): EntityName {
  if (value?.kind === 'class') return { name: value.name, table: tableOf(value), class: value };
  const known = knownText(value);
  if (known !== undefined) return { name: known, table: known };
  const name = /([A-Za-z_$][\w$]*)\W*$/.exec(expression)?.[1] ?? expression;
  return { name, table: snakeCase(name.replace(/(?:Entity|Schema|Model|Repository)$/, '')) };
}

/** The table that `@Entity()` names. TypeORM's default is the class name in snake case. */
function tableOf(value: ClassValue): string {
  for (const { expression } of value.node.decorators) {
    if (!isEntityDecorator(expression) || expression.type !== 'CallExpression') continue;
    const name = expression.arguments.map(tableInArgument).find((table) => table !== undefined);
    if (name !== undefined) return name;
  }
  return snakeCase(value.name);
}

/** `@Entity('users')`, `@Entity({ name: 'users' })` */
function tableInArgument(argument: ast.Argument): string | undefined {
  if (argument.type === 'Literal') return typeof argument.value === 'string' ? argument.value : undefined;
  if (argument.type !== 'ObjectExpression') return undefined;
  for (const property of argument.properties)
    if (property.type === 'Property' && property.key.type === 'Identifier' && property.key.name === 'name')
      return property.value.type === 'Literal' ? tableInArgument(property.value) : undefined;
  return undefined;
}

export function isEntityClass(value: ClassValue): boolean {
  return value.node.decorators.some(({ expression }) => isEntityDecorator(expression));
}

function isEntityDecorator(expression: ast.Expression): boolean {
  const callee = expression.type === 'CallExpression' ? expression.callee : expression;
  return callee.type === 'Identifier' && /Entity$/.test(callee.name);
}

export function snakeCase(name: string): string {
  return name
    .replace(/([a-z\d])([A-Z])/g, '$1_$2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1_$2')
    .toLowerCase();
}
