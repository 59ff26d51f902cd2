import type * as ast from 'oxc-parser';
import type { EntityName } from '../values/database-value.js';
import { knownText } from '../values/text-value.js';
import type { ClassValue, Value } from '../values/value.js';

/** The entity that a value names: its class, an `EntitySchema`, its name or table in a string, or an import that was not read. */
export function entityFrom(value: Value | undefined, expression: string): EntityName {
  if (value?.kind === 'class') return { name: value.name, table: tableOf(value), class: value };
  if (value?.kind === 'object') {
    if (value.class) return entityFrom(value.class, expression);
    const schema = [...value.properties].find(([key]) => key === 'tableName' || key === 'name')?.[1];
    const name = schema && knownText(schema);
    if (name !== undefined) return { name, table: name };
  }
  const known = value && knownText(value);
  if (known !== undefined) return { name: known, table: known };
  const word = /([A-Za-z_$][\w$]*)\W*$/.exec(expression)?.[1] ?? expression;
  return { name: word, table: snakeCase(word.replace(/(?:Entity|Schema|Model|Repository)$/, '')) };
}

/** TypeORM's default: the class name in snake case, unless `@Entity()` names the table. */
function tableOf(value: ClassValue): string {
  for (const decorator of value.node.decorators) {
    const { expression } = decorator;
    if (expression.type !== 'CallExpression' || expression.callee.type !== 'Identifier') continue;
    if (!/Entity$/.test(expression.callee.name)) continue;
    for (const argument of expression.arguments) {
      const name = nameIn(argument);
      if (name !== undefined) return name;
    }
  }
  return snakeCase(value.name);
}

function nameIn(argument: ast.Argument): string | undefined {
  if (argument.type === 'Literal' && typeof argument.value === 'string') return argument.value;
  if (argument.type !== 'ObjectExpression') return undefined;
  for (const property of argument.properties)
    if (
      property.type === 'Property' &&
      property.key.type === 'Identifier' &&
      property.key.name === 'name' &&
      property.value.type === 'Literal'
    )
      return typeof property.value.value === 'string' ? property.value.value : undefined;
  return undefined;
}

export function isEntityClass(value: ClassValue): boolean {
  return value.node.decorators.some(({ expression }) => {
    const callee = expression.type === 'CallExpression' ? expression.callee : expression;
    return callee.type === 'Identifier' && /Entity$/.test(callee.name);
  });
}

export function snakeCase(name: string): string {
  return name
    .replace(/([a-z\d])([A-Z])/g, '$1_$2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1_$2')
    .toLowerCase();
}
