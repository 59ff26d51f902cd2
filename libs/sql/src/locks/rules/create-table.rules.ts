import type { TableName } from '../../classification/statement.types.js';
import {
  isObject,
  type Json,
  list,
  nameParts,
  nodeOf,
  nodesOf,
  text,
  visit,
} from '../../parser/parser-nodes.js';
import { SERIAL_TYPES, typeOfNode } from '../column-types.js';
import { fullTableName, type StatementInspection } from '../statement-inspection.js';
import { nameOfParts, signatureOf, tableOf, TEMPORARY_SCHEMA } from '../table-names.js';
import { checkName, columnConstraints, columnsOfCheck } from './constraint.rules.js';
import { readForTable } from './query.rules.js';
import { sequenceOfColumn } from './sequence.rules.js';

export function createTable(on: StatementInspection): void {
  const { fields } = on.ddl;
  const table = createdTable(fields['relation']);
  const existence = table && existenceOf(on, table);
  if (!table || existence === 'exists') return;
  reportPartition(on, table);
  if ((fields['relation'] as Json)['relpersistence'] !== 't') reportIntegerKey(on, fields);
  if (existence === 'unknown') return;
  on.state.createTable(table, { isPartitioned: fields['partspec'] !== undefined });
  on.state.addNew(table);
  for (const column of nodesOf(fields['tableElts'], 'ColumnDef')) noteColumn(on, column);
  noteConstraints(on, nodesOf(fields['tableElts'], 'Constraint'));
}

/**
 * IF NOT EXISTS does nothing if the table exists: then a release may use it, and its columns may be others. Without a
 * catalog, it exists if earlier statements have created or changed it.
 */
function existenceOf(on: StatementInspection, table: TableName): 'new' | 'exists' | 'unknown' {
  if (on.ddl.fields['if_not_exists'] !== true || table.schema === TEMPORARY_SCHEMA) return 'new';
  const { catalog, doubts } = on.context;
  const known = on.state.dropped.hasRelation(table) ? null : catalog?.table(table);
  if (on.state.isNew(table) || (known !== null && known !== undefined)) return 'exists';
  if (known === null) return 'new';
  if (doubts === 'reported') return 'unknown';
  return on.state.knowsTable(table) ? 'exists' : 'new';
}

/** A temporary table is found before the application's table of the same name, unless that is written with its schema. */
function createdTable(relation: unknown): TableName | undefined {
  const table = tableOf(relation);
  const isTemporary = (relation as { relpersistence?: unknown } | undefined)?.relpersistence === 't';
  return table && isTemporary ? { ...table, schema: TEMPORARY_SCHEMA } : table;
}

/** CREATE TABLE … PARTITION OF. */
function reportPartition(on: StatementInspection, partition: TableName): void {
  const { partbound, inhRelations } = on.ddl.fields;
  const [parent] = partbound === undefined ? [] : list(inhRelations).map(tableOf);
  if (!parent) return;
  if (
    nodeOf(partbound, 'PartitionBoundSpec')?.['is_default'] === true ||
    (isObject(partbound) && partbound['is_default'] === true)
  )
    on.state.noteDefaultPartition(parent, partition);
  on.report('partition-created', {
    table: parent,
    message: `PARTITION OF waits for every query of ${fullTableName(parent)}, and every later query waits for it; it also reads the rows of a default partition`,
    names: { to: fullTableName(partition) },
  });
}

function noteColumn(on: StatementInspection, definition: Json): void {
  const table = tableOf(on.ddl.fields['relation']);
  const type = typeOfNode(nodeOf({ TypeName: definition['typeName'] }, 'TypeName'));
  if (!table) return;
  const constraints = columnConstraints(definition).map(({ contype }) => contype);
  on.state.noteColumn(table, text(definition['colname']) ?? '', {
    ...(type && { type }),
    notNull: ['CONSTR_NOTNULL', 'CONSTR_PRIMARY', 'CONSTR_IDENTITY'].some((kind) =>
      constraints.includes(kind),
    ),
    isIdentity: constraints.includes('CONSTR_IDENTITY'),
    isChecked: constraints.includes('CONSTR_CHECK'),
    isIndexed: constraints.includes('CONSTR_PRIMARY') || constraints.includes('CONSTR_UNIQUE'),
    sequence: sequenceOfColumn(table, definition),
  });
  noteChecks(on, table, columnConstraints(definition));
}

function noteConstraints(on: StatementInspection, constraints: readonly Json[]): void {
  const table = tableOf(on.ddl.fields['relation']);
  if (!table) return;
  for (const constraint of constraints) {
    const isPrimary = constraint['contype'] === 'CONSTR_PRIMARY';
    for (const column of nameParts(constraint['keys']))
      on.state.noteColumn(table, column, { ...(isPrimary && { notNull: true }), isIndexed: true });
  }
  noteChecks(on, table, constraints);
}

/** The CHECKs of a new table are valid. */
function noteChecks(on: StatementInspection, table: TableName, constraints: readonly Json[]): void {
  for (const constraint of constraints) {
    if (constraint['contype'] !== 'CONSTR_CHECK') continue;
    const name = checkName(table, constraint);
    on.state.noteUnproven(table, name, columnsOfCheck(constraint));
    on.state.validate(table, name);
  }
}

const SMALL_INTEGERS = new Set(['int4', 'int2']);
const SMALL_SERIALS = new Set(['serial', 'serial4', 'serial2', 'smallserial']);

/** A primary key of 4 or 2 bytes that PostgreSQL counts up. */
function reportIntegerKey(on: StatementInspection, fields: Json): void {
  const table = tableOf(fields['relation']);
  const keys = nodesOf(fields['tableElts'], 'Constraint')
    .filter(({ contype }) => contype === 'CONSTR_PRIMARY')
    .flatMap(({ keys }) => nameParts(keys));
  for (const definition of nodesOf(fields['tableElts'], 'ColumnDef')) {
    const column = text(definition['colname']) ?? '';
    const constraints = columnConstraints(definition);
    const type = typeOfNode(nodeOf({ TypeName: definition['typeName'] }, 'TypeName'))?.name ?? '';
    const isKey =
      constraints.some(({ contype }) => contype === 'CONSTR_PRIMARY') ||
      (keys.length === 1 && keys[0] === column);
    const isCounted = SMALL_SERIALS.has(type) || (SMALL_INTEGERS.has(type) && constraints.some(isCountedUp));
    if (!isKey || !isCounted || !table) continue;
    on.report('integer-key', {
      table,
      message: `the key ${fullTableName(table)}.${column} has no numbers left after ${type.includes('2') || type.startsWith('small') ? '32,767' : '2,147,483,647'} rows`,
      names: { column, type: SERIAL_TYPES.has(type) ? 'bigserial' : 'bigint' },
    });
  }
}

function isCountedUp(constraint: Json): boolean {
  if (constraint['contype'] === 'CONSTR_IDENTITY') return true;
  if (constraint['contype'] !== 'CONSTR_DEFAULT') return false;
  let counts = false;
  visit({ expression: constraint['raw_expr'] }, (kind, { funcname }) => {
    if (kind === 'FuncCall' && nameParts(funcname).at(-1) === 'nextval') counts = true;
    return true;
  });
  return counts;
}

/** CREATE TABLE AS, SELECT INTO and CREATE MATERIALIZED VIEW. */
export function createTableAs(on: StatementInspection): void {
  const into = on.ddl.fields['into'] as Json | undefined;
  const table = createdTable(nodeOf(into, 'IntoClause')?.['rel'] ?? into?.['rel']);
  if (!table) return;
  const existence = existenceOf(on, table);
  // Of a table that exists, the statement does nothing.
  if (existence !== 'exists') readForTable(on);
  if (existence !== 'new') return;
  on.state.createTable(table);
  on.state.addNew(table);
}

/** CREATE FUNCTION: a default may call it. */
export function createFunction(on: StatementInspection): void {
  const { fields } = on.ddl;
  const full = nameOfParts(fields['funcname']);
  const name = full?.name;
  // Without OR REPLACE, the statement fails if there is such a function: nothing can use it yet.
  if (full && fields['replace'] !== true) {
    const inputs = nodesOf(fields['parameters'], 'FunctionParameter').filter(
      ({ mode }) => !['FUNC_PARAM_OUT', 'FUNC_PARAM_TABLE'].includes(text(mode) ?? ''),
    );
    on.state.addNew(signatureOf(full, undefined));
    on.state.addNew(
      signatureOf(
        full,
        inputs.map(({ argType }) => ({ TypeName: argType })),
      ),
    );
  }
  const volatility = nodesOf(on.ddl.fields['options'], 'DefElem').find(
    ({ defname }) => defname === 'volatility',
  );
  if (name !== undefined) on.state.noteFunction(name, text(volatility?.['arg']) ?? 'volatile');
}

/** CREATE TYPE, CREATE SCHEMA, CREATE VIEW: what is new is not in use. */
export function createOther(on: StatementInspection): void {
  const { fields, node } = on.ddl;
  const name = NEW_NAMES[node]?.(fields);
  if (name) on.state.addNew(name);
  const replaced = node === 'ViewStmt' ? tableOf(fields['view']) : undefined;
  if (replaced) on.state.dropped.restoreRelation(replaced);
  if (node === 'CreateDomainStmt' && name)
    on.state.noteDomain(name.name, {
      isConstrained: nodesOf(fields['constraints'], 'Constraint').length > 0,
      base: typeOfNode(nodeOf({ TypeName: fields['typeName'] }, 'TypeName')),
    });
}

const NEW_NAMES: Readonly<Record<string, (fields: Json) => ReturnType<typeof nameOfParts>>> = {
  CreateEnumStmt: ({ typeName }) => nameOfParts(typeName),
  CreateSeqStmt: ({ sequence, if_not_exists }) => (if_not_exists === true ? undefined : tableOf(sequence)),
  CreateDomainStmt: ({ domainname }) => nameOfParts(domainname),
  CompositeTypeStmt: ({ typevar }) => tableOf(typevar),
  ViewStmt: ({ view, replace }) => (replace === true ? undefined : tableOf(view)),
  CreateSchemaStmt: ({ schemaname, if_not_exists }) =>
    if_not_exists === true || text(schemaname) === undefined ? undefined : { name: text(schemaname) ?? '' },
};
