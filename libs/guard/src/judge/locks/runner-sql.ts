import type { SchemaEvent } from '../../evaluate/machine/event.types.js';
import { knownText } from '../../evaluate/values/text-value.js';
import { isNothing } from '../../evaluate/values/value.js';
import type { Value } from '../../evaluate/values/value.types.js';
import { columnName, property } from '../../schema/runner-calls.js';
import { columnDefinition, quotedName } from './column-sql.js';

/** What stands for a table that the guard cannot read. */
const UNKNOWN_TABLE = '"unknown_table"';

/** It drops every table of the user, as `clearDatabase()` does. */
const DROP_ALL = 'DROP OWNED BY CURRENT_USER';

/** The SQL that a schema method of TypeORM's query runner sends; nothing for a method that takes no dangerous lock. */
export function sqlOfCall({ method, args }: Pick<SchemaEvent, 'method' | 'args'>): readonly string[] {
  const table = tableName(args[0]);
  return METHODS[method]?.(table, args.slice(1), args[0]) ?? [];
}

type MethodSql = (table: string, args: readonly Value[], tableValue: Value | undefined) => readonly string[];

const METHODS: Readonly<Record<string, MethodSql>> = {
  createTable: (table, _args, definition) => [createTable(table, definition)],
  dropTable: (table) => [`DROP TABLE ${table}`],
  renameTable: (table, [to]) => [`ALTER TABLE ${table} RENAME TO ${lastPart(tableName(to))}`],
  addColumn: (table, [column]) => [addColumn(table, column)],
  addColumns: (table, [columns]) => itemsOf(columns).map((column) => addColumn(table, column)),
  renameColumn: (table, [from, to]) => [
    `ALTER TABLE ${table} RENAME COLUMN ${nameOf(from)} TO ${nameOf(to)}`,
  ],
  changeColumn: (table, [from, to]) => changeColumn(table, from, to),
  changeColumns: (table, [pairs]) =>
    itemsOf(pairs).flatMap((pair) =>
      changeColumn(table, property(pair, 'oldColumn'), property(pair, 'newColumn')),
    ),
  dropColumn: (table, [column]) => [`ALTER TABLE ${table} DROP COLUMN ${nameOf(column)}`],
  dropColumns: (table, [columns]) =>
    itemsOf(columns).map((column) => `ALTER TABLE ${table} DROP COLUMN ${nameOf(column)}`),
  createPrimaryKey: (table, [columns]) => [`ALTER TABLE ${table} ADD PRIMARY KEY (${columnList(columns)})`],
  updatePrimaryKeys: (table, [columns]) => [
    `ALTER TABLE ${table} ADD PRIMARY KEY (${itemsOf(columns).map(nameOf).join(', ')})`,
  ],
  createUniqueConstraint: (table, [unique]) => [uniqueConstraint(table, unique)],
  createUniqueConstraints: (table, [all]) => itemsOf(all).map((unique) => uniqueConstraint(table, unique)),
  createCheckConstraint: (table) => [`ALTER TABLE ${table} ADD CHECK (true)`],
  createCheckConstraints: (table) => [`ALTER TABLE ${table} ADD CHECK (true)`],
  createExclusionConstraint: (table) => [`ALTER TABLE ${table} ADD EXCLUDE USING btree (id WITH =)`],
  createExclusionConstraints: (table) => [`ALTER TABLE ${table} ADD EXCLUDE USING btree (id WITH =)`],
  createForeignKey: (table, [key]) => [foreignKey(table, key)],
  createForeignKeys: (table, [keys]) => itemsOf(keys).map((key) => foreignKey(table, key)),
  ...dropsOfConstraints(),
  createIndex: (table, [index]) => [createIndex(table, index)],
  createIndices: (table, [indices]) => itemsOf(indices).map((index) => createIndex(table, index)),
  dropIndex: (table, [index]) => dropIndex(table, index),
  dropIndices: (table, [indices]) => itemsOf(indices).flatMap((index) => dropIndex(table, index)),
  clearDatabase: () => [DROP_ALL],
  dropDatabase: () => [DROP_ALL],
  synchronize: (_table, _args, drops) => (isTrue(drops) ? [DROP_ALL] : []),
  dropSchema: (schema, [, , cascade]) => (isTrue(cascade) ? [`DROP SCHEMA ${schema} CASCADE`] : []),
};

/** They read no row, but the transaction keeps their locks. */
function dropsOfConstraints(): Readonly<Record<string, MethodSql>> {
  const drop = (table: string, constraint: Value | undefined) =>
    `ALTER TABLE ${table} DROP CONSTRAINT ${nameOf(constraint)}`;
  const kinds = ['UniqueConstraint', 'CheckConstraint', 'ExclusionConstraint', 'ForeignKey'];
  return Object.fromEntries([
    ['dropPrimaryKey', (table: string) => [drop(table, undefined)]],
    ...kinds.flatMap((kind): [string, MethodSql][] => [
      [`drop${kind}`, (table, [constraint]) => [drop(table, constraint)]],
      [`drop${kind}s`, (table, [all]) => [drop(table, itemsOf(all)[0])]],
    ]),
  ]);
}

function createTable(table: string, definition: Value | undefined): string {
  const columns = itemsOf(property(definition, 'columns')).map(columnDefinition);
  return `CREATE TABLE ${table} (${columns.join(', ')})`;
}

function addColumn(table: string, column: Value | undefined): string {
  return `ALTER TABLE ${table} ADD COLUMN ${columnDefinition(column)}`;
}

/**
 * TypeORM drops and adds a column whose type or length changes. It compares them as texts: `varchar` is not the
 * `character varying` that it reads from the database, if the old column is given by its name.
 */
function changeColumn(table: string, from: Value | undefined, to: Value | undefined): readonly string[] {
  const before = columnName(from) === undefined ? nameOf(to) : nameOf(from);
  const after = columnName(to) === undefined ? before : nameOf(to);
  if (isMadeAgain(from, to)) return [`ALTER TABLE ${table} DROP COLUMN ${before}`, addColumn(table, to)];
  const renames = before === after ? [] : [`ALTER TABLE ${table} RENAME COLUMN ${before} TO ${after}`];
  const retypes = mayBeRetyped(from, to)
    ? [`ALTER TABLE ${table} ALTER COLUMN ${after} TYPE unknown_type`]
    : [];
  const wasNullable = property(from, 'isNullable');
  const isNullable = property(to, 'isNullable');
  const requires =
    isFalse(isNullable) && !isFalse(wasNullable)
      ? [`ALTER TABLE ${table} ALTER COLUMN ${after} SET NOT NULL`]
      : [];
  const unique = isTrue(property(to, 'isUnique')) && !isTrue(property(from, 'isUnique'));
  return [
    ...renames,
    ...retypes,
    ...(isTrue(isNullable) ? [`ALTER TABLE ${table} ALTER COLUMN ${after} DROP NOT NULL`] : []),
    ...(losesDefault(from, to) ? [`ALTER TABLE ${table} ALTER COLUMN ${after} DROP DEFAULT`] : []),
    ...requires,
    ...(unique ? [`ALTER TABLE ${table} ADD UNIQUE (${after})`] : []),
  ];
}

/** Without a new type, the column is a changed copy. */
function isMadeAgain(from: Value | undefined, to: Value | undefined): boolean {
  const [oldType, newType] = [knownText(property(from, 'type')), knownText(property(to, 'type'))];
  if (newType === undefined) return false;
  if (oldType === undefined) return knownText(from) !== undefined && SHORT_NAME.test(newType);
  const isSameArray = isTrue(property(from, 'isArray')) === isTrue(property(to, 'isArray'));
  return !(oldType === newType && isSameArray && sameText(from, to, 'length'));
}

/** Names of types that PostgreSQL does not report: it says `character varying`, `integer`, `boolean`. */
const SHORT_NAME =
  /^(?:varchar|char|varbit|int[248]?|float[48]?|decimal|bool|(?:small|big)?serial|time(?:stamp)?(?:tz)?)$/i;

/** An old type that is not known counts as another one. */
function mayBeRetyped(from: Value | undefined, to: Value | undefined): boolean {
  const isCopy = knownText(property(to, 'type')) === undefined;
  return isCopy
    ? PARTS_OF_TYPE.some((name) => property(to, name) !== property(from, name))
    : property(from, 'type') === undefined;
}

/** TypeORM makes the column, or its enum, again when one of them changes. */
const PARTS_OF_TYPE = ['length', 'isArray', 'enum', 'precision', 'scale'];

function losesDefault(from: Value | undefined, to: Value | undefined): boolean {
  const [before, after] = [property(from, 'default'), property(to, 'default')];
  if (after !== undefined) return isNothing(after) && !(before && isNothing(before));
  return before !== undefined && !isNothing(before);
}

function sameText(a: Value | undefined, b: Value | undefined, name: string): boolean {
  return knownText(property(a, name)) === knownText(property(b, name));
}

function uniqueConstraint(table: string, unique: Value | undefined): string {
  return `ALTER TABLE ${table} ADD UNIQUE (${columnList(property(unique, 'columnNames'))})`;
}

function foreignKey(table: string, key: Value | undefined): string {
  const references = tableName(property(key, 'referencedTableName'));
  return `ALTER TABLE ${table} ADD FOREIGN KEY (${columnList(property(key, 'columnNames'))}) REFERENCES ${references}`;
}

function createIndex(table: string, index: Value | undefined): string {
  const concurrently = isTrue(property(index, 'isConcurrent')) ? 'CONCURRENTLY ' : '';
  const name = knownText(property(index, 'name'));
  const named = name === undefined ? '' : `${quotedName(name)} `;
  const unnamed = concurrently !== '' && named === '' ? '"index" ' : named;
  return `CREATE INDEX ${concurrently}${unnamed}ON ${table} (${columnList(property(index, 'columnNames'))})`;
}

/** The first statement only says which table the index belongs to. */
function dropIndex(table: string, index: Value | undefined): readonly string[] {
  const name = nameOf(index);
  return [`CREATE INDEX CONCURRENTLY ${name} ON ${table} (id)`, `DROP INDEX ${name}`];
}

function columnList(columns: Value | undefined): string {
  const names = itemsOf(columns).map(nameOf);
  return names.length > 0 ? names.join(', ') : 'id';
}

function nameOf(value: Value | undefined): string {
  return quotedName(columnName(value) ?? 'unknown_name');
}

/** A table given by its name, or as `new Table({ name })`. */
function tableName(value: Value | undefined): string {
  const name = columnName(value);
  if (name === undefined || name === '') return UNKNOWN_TABLE;
  const schema = knownText(property(value, 'schema'));
  const parts = name.replace(/"/g, '').split('.').slice(-2);
  return (parts.length === 1 && schema !== undefined ? [schema, ...parts] : parts).map(quotedName).join('.');
}

function lastPart(table: string): string {
  return table.split('.').at(-1) ?? table;
}

function itemsOf(value: Value | undefined): readonly (Value | undefined)[] {
  return value?.kind === 'array' ? value.items : [];
}

function isTrue(value: Value | undefined): boolean {
  return value?.kind === 'constant' && value.value === true;
}

function isFalse(value: Value | undefined): boolean {
  return value?.kind === 'constant' && value.value === false;
}
