import type { TableName } from '../../classification/statement.types.js';
import { type Json, nameParts, nodeOf, text } from '../../parser/parser-nodes.js';
import type { ColumnType } from '../lock.types.js';
import { SERIAL_TYPES, typeChange, typeOfNode } from '../column-types.js';
import { fullTableName, type StatementInspection } from '../statement-inspection.js';
import { volatileCall } from '../volatile-functions.js';
import { addConstraint, columnConstraints } from './constraint.rules.js';
import { sequenceOfColumn } from './sequence.rules.js';

/** ADD COLUMN. */
export function addColumn(on: StatementInspection, table: TableName, definition: Json): void {
  const column = text(definition['colname']) ?? '';
  const type = typeOfNode(nodeOf({ TypeName: definition['typeName'] }, 'TypeName'));
  const constraints = columnConstraints(definition);
  const expression = constraints.find(({ contype }) => contype === 'CONSTR_DEFAULT')?.['raw_expr'];
  const hasDefault = expression !== undefined && !isNull(expression);
  const names = { column };
  const target = fullTableName(table);
  reportAddedAgain(on, table, { column, type: type?.name });
  on.state.noteColumn(table, column, {
    ...(type && { type }),
    notNull: constraints.some(({ contype }) => contype === 'CONSTR_NOTNULL' || contype === 'CONSTR_PRIMARY'),
    sequence: sequenceOfColumn(table, definition),
  });
  const isGenerated = reportGenerated(on, table, { column, type: type?.name ?? '', constraints });
  reportOldDefault(on, table, { column, hasDefault });
  const call = hasDefault ? volatileCall(expression, on) : undefined;
  if (call !== undefined)
    on.report('volatile-default', {
      table,
      message: `the default ${call}() is computed for each row, so that PostgreSQL writes the whole table ${target} again while reads and writes wait`,
      names: { ...names, function: call, ...(type && { type: type.name }) },
    });
  if (type && on.isConstrainedDomain(type.name))
    on.report('type-rewrite', {
      table,
      message: `the domain ${type.name} has constraints, so that a new column of it writes the whole table ${target} again`,
      names: { ...names, type: type.name },
    });
  reportJson(on, table, { column, type });
  reportColumnConstraints(on, table, { column, constraints, hasDefault, isGenerated });
}

function reportJson(
  on: StatementInspection,
  table: TableName,
  { column, type }: { readonly column: string; readonly type: ColumnType | undefined },
): void {
  if (type?.name !== 'json' || type.isArray) return;
  on.report('json-column', {
    table,
    message: `json has no operator for equality, so that SELECT DISTINCT and UNION on ${fullTableName(table)} fail`,
    names: { column },
  });
}

/** TypeORM changes a type in this way. */
function reportAddedAgain(
  on: StatementInspection,
  table: TableName,
  { column, type }: { readonly column: string; readonly type: string | undefined },
): void {
  if (!on.state.hasDropped(table, column)) return;
  on.report('type-rewrite', {
    table,
    message: `the migration drops ${fullTableName(table)}.${column} and adds it again, so that its values are lost while releases that still run use it`,
    names: { column, ...(type !== undefined && { type }) },
    scans: false,
    rewrites: false,
    buildsIndex: false,
  });
}

/** Before PostgreSQL 11, a column with a default is written into each row. */
function reportOldDefault(
  on: StatementInspection,
  table: TableName,
  { column, hasDefault }: { readonly column: string; readonly hasDefault: boolean },
): void {
  const version = on.olderThan(11);
  if (!hasDefault || version === undefined) return;
  on.report('volatile-default', {
    table,
    message: `PostgreSQL ${version} writes the default into each row, so that it writes the whole table ${fullTableName(table)} again while reads and writes wait`,
    names: { column },
  });
}

interface GeneratedFacts {
  readonly column: string;
  readonly type: string;
  readonly constraints: readonly Json[];
}

/** @returns whether PostgreSQL fills the column by itself */
function reportGenerated(
  on: StatementInspection,
  table: TableName,
  { column, type, constraints }: GeneratedFacts,
): boolean {
  const generated = constraints.find(({ contype }) => contype === 'CONSTR_GENERATED');
  const isIdentity = constraints.some(({ contype }) => contype === 'CONSTR_IDENTITY');
  const isSerial = SERIAL_TYPES.has(type) || isIdentity;
  const target = fullTableName(table);
  if (isSerial)
    on.report('serial-added', {
      table,
      message: `${isIdentity ? 'an identity column' : type} gets a number for each row, so that PostgreSQL writes the whole table ${target} again while reads and writes wait`,
      names: { column },
    });
  if (generated?.['generated_kind'] === 's')
    on.report('stored-generated', {
      table,
      message: `a stored generated column is computed for each row, so that PostgreSQL writes the whole table ${target} again while reads and writes wait`,
      names: { column },
    });
  const version = generated?.['generated_kind'] === 'v' ? on.olderThan(18) : undefined;
  if (version !== undefined)
    on.report('stored-generated', {
      table,
      message: `PostgreSQL ${version} has no virtual generated columns, so that the statement fails`,
      names: { column },
      scans: false,
      rewrites: false,
      buildsIndex: false,
    });
  return isSerial || generated !== undefined;
}

interface ColumnFacts {
  readonly column: string;
  readonly constraints: readonly Json[];
  readonly hasDefault: boolean;
  readonly isGenerated: boolean;
}

function reportColumnConstraints(
  on: StatementInspection,
  table: TableName,
  { column, constraints, hasDefault, isGenerated }: ColumnFacts,
): void {
  for (const constraint of constraints) {
    switch (text(constraint['contype'])) {
      case 'CONSTR_UNIQUE':
      case 'CONSTR_PRIMARY':
        addConstraint(on, table, { ...constraint, keys: [{ String: { sval: column } }] });
        break;
      case 'CONSTR_CHECK':
        addConstraint(on, table, constraint);
        break;
      case 'CONSTR_FOREIGN':
        // PostgreSQL does not read the rows if all of them are NULL.
        if (hasDefault) addConstraint(on, table, { ...constraint, fk_attrs: [{ String: { sval: column } }] });
        break;
      case 'CONSTR_NOTNULL':
        if (!hasDefault && !isGenerated)
          on.report('not-null-without-default', {
            table,
            message: `the new column ${column} is NOT NULL without a default, which fails as soon as ${fullTableName(table)} has a row`,
            names: { column },
          });
        break;
      default:
    }
  }
}

/** ALTER COLUMN … TYPE. */
export function changeType(on: StatementInspection, table: TableName, { name, def }: Json): void {
  const column = text(name) ?? '';
  // PostgreSQL refuses it for a type that a table uses.
  if (on.ddl.fields['objtype'] === 'OBJECT_TYPE') return;
  const definition = nodeOf(def, 'ColumnDef') ?? {};
  const type = typeOfNode(nodeOf({ TypeName: definition['typeName'] }, 'TypeName'));
  if (!type) return;
  const known = on.column(table, column);
  const using = definition['raw_default'];
  // Another collation orders the index in another way.
  const isOrderedAnew = definition['collClause'] !== undefined && known.isIndexed !== false;
  const change =
    typeChange(known, on.baseOfFreeDomain(type.name) ?? type, {
      isUtc: on.olderThan(12) === undefined && on.session.isUtc === true,
      isComputed: using !== undefined && !isCastOf(using, column, type.name),
    }) ?? (isOrderedAnew ? 'index' : undefined);
  on.state.noteColumn(table, column, { type });
  if (!change) return;
  const target = fullTableName(table);
  const message = {
    rewrite: `the new type makes PostgreSQL write the whole table ${target} and its indexes again while reads and writes wait`,
    index: `the new type makes PostgreSQL build the indexes of ${column} again while reads and writes of ${target} wait`,
    check: `the new type makes PostgreSQL check the constraints of ${column} on every row of ${target} while reads and writes wait`,
  }[change];
  on.report('type-rewrite', {
    table,
    message,
    names: { column, type: type.name },
    rewrites: change === 'rewrite',
    buildsIndex: change !== 'check',
  });
}

/** `USING column` and `USING column::type` do the same as no USING. */
function isCastOf(expression: unknown, column: string, type: string): boolean {
  const cast = nodeOf(expression, 'TypeCast');
  if (cast) {
    const to = typeOfNode(nodeOf({ TypeName: cast['typeName'] }, 'TypeName'));
    return to?.name === type && isCastOf(cast['arg'], column, '');
  }
  return nameParts(nodeOf(expression, 'ColumnRef')?.['fields']).at(-1) === column;
}

function isNull(expression: unknown): boolean {
  const cast = nodeOf(expression, 'TypeCast');
  return cast ? isNull(cast['arg']) : nodeOf(expression, 'A_Const')?.['isnull'] === true;
}
