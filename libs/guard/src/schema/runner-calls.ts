import type { SchemaEvent } from '../evaluate/machine/event.types.js';
import { knownText } from '../evaluate/values/text-value.js';
import { onlyPresent, optionsOf } from '../evaluate/values/value.js';
import type { Value } from '../evaluate/values/value.types.js';
import type { SchemaChange, TableName } from './schema-change.types.js';

/** What a schema method of TypeORM's query runner does. */
export function changesOfCall({
  method,
  args,
}: Pick<SchemaEvent, 'method' | 'args'>): readonly SchemaChange[] {
  if (KEEPS_COLUMNS.test(method)) return [];
  const table = tableOf(args[0]);
  const read = READERS.get(method);
  if (!read) return [{ kind: 'unclear', reason: `${method}() changes tables that it does not name` }];
  if (!table) return [{ kind: 'unclear', reason: `${method}() gets a table that the guard cannot read` }];
  return (
    read(table, args) ?? [{ kind: 'unclear', table, reason: `the guard cannot read what ${method}() gets` }]
  );
}

/** Methods that change indexes and constraints, and neither tables nor columns. */
const KEEPS_COLUMNS = /(?:Index|Indices|PrimaryKeys?|Constraints?|ForeignKeys?)$/;

/** Nothing when the arguments cannot be read. */
type CallReader = (table: TableName, args: readonly Value[]) => readonly SchemaChange[] | undefined;

const READERS: ReadonlyMap<string, CallReader> = new Map<string, CallReader>([
  ['createTable', (table, [definition]) => [created(table, definition)]],
  ['dropTable', (table) => [{ kind: 'drop-table', table }]],
  ['renameTable', renamedTable],
  ['addColumn', (table, [, column]) => added(table, columnNames(column && [column]))],
  ['addColumns', (table, [, columns]) => added(table, columnNames(itemsOf(columns)))],
  ['dropColumn', (table, [, column]) => dropped(table, columnNames(column && [column]))],
  ['dropColumns', (table, [, columns]) => dropped(table, columnNames(itemsOf(columns)))],
  ['renameColumn', (table, [, from, to]) => renamed(table, from, to)],
  ['changeColumn', (table, [, from, to]) => renamed(table, from, to)],
  ['changeColumns', changedColumns],
]);

function created(table: TableName, definition: Value | undefined): SchemaChange {
  const items = itemsOf(property(definition, 'columns'));
  const columns = columnNames(items);
  return columns
    ? { kind: 'create-table', table, columns }
    : {
        kind: 'create-table',
        table,
        columns: [],
        unclear: 'the guard cannot read the columns of createTable()',
      };
}

function renamedTable(table: TableName, [, value]: readonly Value[]): readonly SchemaChange[] | undefined {
  const to = tableOf(value);
  return (
    to && [
      { kind: 'rename-table', table, to: table.schema === undefined ? to : { ...to, schema: table.schema } },
    ]
  );
}

function added(table: TableName, names: readonly string[] | undefined): readonly SchemaChange[] | undefined {
  return names?.map((column): SchemaChange => ({ kind: 'add-column', table, column }));
}

function dropped(
  table: TableName,
  names: readonly string[] | undefined,
): readonly SchemaChange[] | undefined {
  return names?.map((column): SchemaChange => ({ kind: 'drop-column', table, column }));
}

function renamed(
  table: TableName,
  from: Value | undefined,
  to: Value | undefined,
): readonly SchemaChange[] | undefined {
  const [column, name] = [columnName(from), columnName(to)];
  if (column === undefined || name === undefined) return undefined;
  return column === name ? [] : [{ kind: 'rename-column', table, column, to: name }];
}

function changedColumns(table: TableName, [, pairs]: readonly Value[]): readonly SchemaChange[] | undefined {
  const changes: SchemaChange[] = [];
  for (const pair of itemsOf(pairs) ?? [undefined]) {
    const found = renamed(table, property(pair, 'oldColumn'), property(pair, 'newColumn'));
    if (!found) return undefined;
    changes.push(...found);
  }
  return changes;
}

/** A table given by its name, e.g. `'crm.leads'`, or as `new Table({ name })`. */
function tableOf(value: Value | undefined): TableName | undefined {
  const name = columnName(value);
  if (name === undefined || name === '') return undefined;
  const parts = name.replace(/"/g, '').split('.');
  const schema = parts.at(-2) ?? knownText(property(value, 'schema'));
  return { name: parts.at(-1) ?? '', ...(schema === undefined ? {} : { schema }) };
}

/** A name, or the `name` of an object. */
export function columnName(value: Value | undefined): string | undefined {
  return nameIn(value) ?? nameIn(property(value, 'name'));
}

/** A known text, or the name of a table or column that TypeORM found. */
function nameIn(value: Value | undefined): string | undefined {
  return value?.kind === 'unknown' ? value.found : knownText(value);
}

function columnNames(values: readonly Value[] | undefined): readonly string[] | undefined {
  const names = values?.map(columnName);
  return names?.every((name) => name !== undefined) ? names : undefined;
}

function itemsOf(value: Value | undefined): readonly Value[] | undefined {
  return value?.kind === 'array' && !value.isOpen ? value.items : undefined;
}

/** A property of an object that is written in the code; a text that is set elsewhere too is not certain. */
export function property(value: Value | undefined, name: string): Value | undefined {
  const described = value && onlyPresent(value);
  const found = described?.kind === 'object' ? described.properties.get(name) : undefined;
  return found && optionsOf(found).length === 1 ? found : undefined;
}
