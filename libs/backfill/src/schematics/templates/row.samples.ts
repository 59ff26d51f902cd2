import type { EntityClass, EntityProperty, ValueType } from '../application/entity.types.js';

const UUID_LENGTH = 36;
const PLAIN_ELEMENTS: readonly ValueType[] = ['text', 'integer', 'number', 'bigint', 'boolean', 'uuid'];

/** A row of a test as code, and the properties for which the generator knows no value. */
export interface SampleRow {
  readonly code: string;
  readonly unknown: readonly string[];
}

/** A row with a value for everything that an INSERT needs. @param own values that replace the sample ones */
export function sampleRow(
  entity: EntityClass,
  number: number,
  own: Readonly<Record<string, string | undefined>> = {},
): SampleRow {
  const values = new Map<string, string>();
  const unknown: string[] = [];
  for (const property of entity.properties) {
    const foreignKey = property.role === 'relation' ? foreignKeyOf(entity, property) : undefined;
    if (property.role === 'key') put(property.name, keySample(property, number));
    else if (property.role === 'relation' && needsParent(entity, property))
      put(foreignKey?.name ?? property.name, foreignKey ? keySample(foreignKey, 1) : '{ id: 1 }');
    else if (property.isRequired && property.role === 'column' && !relationOf(entity, property))
      put(property.name, sample(property, number));
  }
  for (const [name, value] of Object.entries(own)) if (value !== undefined) values.set(name, value);
  const code = [...values].map(([name, value]) => `${name}: ${value}`).join(', ');
  return { code: `{ ${code} }`, unknown };

  function put(name: string, value: string | undefined): void {
    if (value === undefined) unknown.push(name);
    else values.set(name, value);
  }
}

/** The key of a sample row as a rehearsal reports it. */
export function keySample({ type, size }: EntityProperty, number: number): string | undefined {
  if (type === 'bigint') return `'${number}'`;
  if (type === 'integer' || type === 'number') return `${number}`;
  if (type === 'text' && size && (size.isFixed || size.length < UUID_LENGTH))
    return `'${size.isFixed ? `${number}`.padStart(size.length, '0') : number}'`;
  return type === 'uuid' || type === 'text' ? uuid(number) : undefined;
}

/** The relations whose rows have to be inserted before. */
export function neededParents(entity: EntityClass): readonly string[] {
  return entity.properties
    .filter((each) => each.role === 'relation' && needsParent(entity, each))
    .flatMap(({ target }) => (target === undefined ? [] : [target]));
}

/** The text that a sample row has for a property. */
export function sampleText({ name, size }: Pick<EntityProperty, 'name' | 'size'>, number: number): string {
  const title = `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`;
  const text = `${title} ${number}`;
  if (size?.isFixed) return `${number}`.padStart(size.length, '0');
  if (size === undefined || text.length <= size.length) return text;
  return `${title.slice(0, Math.max(0, size.length - `${number}`.length))}${number}`;
}

function needsParent(entity: EntityClass, relation: EntityProperty): boolean {
  return !relation.isNullable || (foreignKeyOf(entity, relation)?.isRequired ?? false);
}

/** The property that holds the key of a relation's row, beside the relation. */
function foreignKeyOf(entity: EntityClass, relation: EntityProperty): EntityProperty | undefined {
  return entity.properties.find((each) => each.role === 'column' && each.column === relation.column);
}

function relationOf(entity: EntityClass, property: EntityProperty): EntityProperty | undefined {
  return entity.properties.find((each) => each.role === 'relation' && each.column === property.column);
}

function sample(property: EntityProperty, number: number): string | undefined {
  const { type, element, literal } = property;
  if (literal !== undefined) return literal.replaceAll('"', "'");
  if (type === 'list') return `['${sampleText(property, number)}']`;
  if (type !== 'array') return sampleOf(type, property, number);
  // An empty array is a value of each type.
  const isPlain = element !== undefined && PLAIN_ELEMENTS.includes(element);
  return `[${isPlain ? (sampleOf(element, property, number) ?? '') : ''}]`;
}

function sampleOf(type: ValueType, property: EntityProperty, number: number): string | undefined {
  const values: Partial<Record<ValueType, string>> = {
    text: `'${sampleText(property, number)}'`,
    integer: `${number}`,
    number: `${number}`,
    bigint: `'${number}'`,
    boolean: 'true',
    time: `new Date('2025-01-0${number}T00:00:00Z')`,
    date: `'2025-01-0${number}'`,
    uuid: uuid(number),
    json: '{}',
  };
  return values[type];
}

function uuid(number: number): string {
  return `'00000000-0000-4000-8000-00000000000${number}'`;
}
