import type { TableName } from '../classification/statement.types.js';
import { isObject, type Json, list, nameParts, nodeOf, nodesOf, text } from '../parser/parser-nodes.js';

/** The table of a RangeVar, with or without its node. */
export function tableOf(value: unknown): TableName | undefined {
  const fields = nodeOf(value, 'RangeVar') ?? (isObject(value) ? value : {});
  const name = text(fields['relname']);
  const schema = text(fields['schemaname']);
  return name === undefined ? undefined : { name, ...(schema !== undefined && { schema }) };
}

/** The name of an object in a DROP or ALTER TYPE: a list of its parts. */
export function nameOfParts(value: unknown): TableName | undefined {
  const parts = nameParts(value);
  const [name, schema] = [parts.at(-1), parts.at(-2)];
  return name === undefined ? undefined : { name, ...(schema !== undefined && { schema }) };
}

/** The names of the objects of a DROP. */
export function droppedNames(fields: Json): readonly TableName[] {
  return list(fields['objects'])
    .map((item) => nameOfParts(item) ?? nameOfParts(nodeOf(item, 'TypeName')?.['names']))
    .filter((name) => name !== undefined);
}

/**
 * A routine, written like a relation: `add(int4,text[])`; `add(*)` without its arguments.
 *
 * @param args TypeName nodes
 */
export function signatureOf({ name, ...rest }: TableName, args: unknown): TableName {
  const types = nodesOf(args, 'TypeName').map(
    ({ names, arrayBounds }) => `${nameParts(names).at(-1) ?? ''}${'[]'.repeat(list(arrayBounds).length)}`,
  );
  return { ...rest, name: `${name}(${args === undefined ? '*' : types.join(',')})` };
}

/** Whether two names may be the same relation: a missing schema can be any. @publicApi */
export function isSameName(a: TableName, b: TableName): boolean {
  return a.name === b.name && (a.schema === undefined || b.schema === undefined || a.schema === b.schema);
}

/** Where PostgreSQL creates relations without a schema, and where it looks for them. */
const DEFAULT_SCHEMA = 'public';
export const TEMPORARY_SCHEMA = 'pg_temp';

/**
 * Whether a name means the relation that was created. A relation of another schema, or a temporary one, does not
 * make the table of an application new.
 */
export function isSameCreated(created: TableName, { name, schema }: TableName): boolean {
  if (created.name !== name || created.schema === schema) return created.name === name;
  return schema === undefined
    ? created.schema === DEFAULT_SCHEMA || created.schema === TEMPORARY_SCHEMA
    : created.schema === undefined && schema === DEFAULT_SCHEMA;
}

/** For messages: `crm.leads`. */
export function fullTableName({ schema, name }: TableName): string {
  return schema === undefined ? name : `${schema}.${name}`;
}
