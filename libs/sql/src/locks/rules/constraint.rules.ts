import type { TableName } from '../../classification/statement.types.js';
import { type Json, nameParts, nodesOf, text, visit } from '../../parser/parser-nodes.js';
import { columnsProvenBy } from '../proven-columns.js';
import type { ConstraintColumns } from '../tracked-table.js';
import { fullTableName, type StatementInspection } from '../statement-inspection.js';
import { tableOf } from '../table-names.js';

/** ADD CONSTRAINT of a table that exists. */
export function addConstraint(on: StatementInspection, table: TableName, constraint: Json): void {
  CONSTRAINTS[text(constraint['contype']) ?? '']?.(on, table, constraint);
}

type ConstraintRule = (on: StatementInspection, table: TableName, constraint: Json) => void;

const CONSTRAINTS: Readonly<Record<string, ConstraintRule>> = {
  CONSTR_FOREIGN: foreignKey,
  CONSTR_CHECK: check,
  CONSTR_NOTNULL: notNull,
  CONSTR_UNIQUE: unique,
  CONSTR_PRIMARY: primaryKey,
  CONSTR_EXCLUSION: (on, table, constraint) =>
    on.report('exclusion-constraint', {
      table,
      message: `EXCLUDE builds an index on ${fullTableName(table)} while reads and writes wait`,
      names: namesOf(constraint),
    }),
};

function foreignKey(on: StatementInspection, table: TableName, constraint: Json): void {
  const references = tableOf(constraint['pktable']);
  if (constraint['skip_validation'] === true) return reportUncheckedKey(on, table, constraint);
  if (constraint['is_enforced'] !== true) return;
  on.report('foreign-key-validated', {
    table,
    message: `the foreign key reads every row of ${fullTableName(table)} while writes to it and to ${references ? fullTableName(references) : 'the referenced table'} wait`,
    names: {
      ...namesOf(constraint),
      columns: nameParts(constraint['fk_attrs']),
      ...(references && { references }),
    },
    alsoLocks: references ? [references] : [],
  });
}

/** Before PostgreSQL 18, a foreign key of a partitioned table cannot be NOT VALID. */
function reportUncheckedKey(on: StatementInspection, table: TableName, constraint: Json): void {
  const version = on.olderThan(18);
  if (version === undefined || on.isPartitioned(table) !== true) return;
  on.report('foreign-key-validated', {
    table,
    message: `PostgreSQL ${version} refuses NOT VALID for a foreign key of the partitioned table ${fullTableName(table)}`,
    names: { ...namesOf(constraint), columns: nameParts(constraint['fk_attrs']) },
    scans: false,
  });
}

function check(on: StatementInspection, table: TableName, constraint: Json): void {
  const name = checkName(table, constraint);
  on.state.noteUnproven(table, name, columnsOfCheck(constraint));
  if (constraint['skip_validation'] === true || constraint['is_enforced'] === false) return;
  on.report('check-validated', {
    table,
    message: `the CHECK reads every row of ${fullTableName(table)} while reads and writes wait`,
    names: { ...namesOf(constraint), constraint: name },
  });
  on.state.validate(table, name);
}

export function checkName(table: TableName, constraint: Json): string {
  return text(constraint['conname']) ?? `${table.name}_${columnOf(constraint['raw_expr'])}check`;
}

export function columnsOfCheck(constraint: Json): ConstraintColumns {
  const expression = constraint['raw_expr'];
  return { proves: columnsProvenBy(expression), reads: columnsOf(expression) };
}

function columnsOf(expression: unknown): readonly string[] {
  const columns = new Set<string>();
  visit({ expression }, (kind, fields) => {
    if (kind === 'ColumnRef') columns.add(nameParts(fields['fields']).at(-1) ?? '');
    return true;
  });
  return [...columns];
}

/** PostgreSQL names an unnamed CHECK after its column, if it has exactly one. */
function columnOf(expression: unknown): string {
  const [only, ...others] = columnsOf(expression);
  return only !== undefined && others.length === 0 ? `${only}_` : '';
}

/** `ADD CONSTRAINT … NOT NULL column`, since PostgreSQL 18. */
function notNull(on: StatementInspection, table: TableName, constraint: Json): void {
  const [column] = nameParts(constraint['keys']);
  if (column === undefined) return;
  const version = on.olderThan(18);
  if (version !== undefined)
    on.report('set-not-null-scan', {
      table,
      message: `PostgreSQL ${version} has no NOT NULL constraint with a name: add a CHECK (${column} IS NOT NULL) NOT VALID`,
      names: { column },
      scans: false,
    });
  else if (constraint['skip_validation'] === true)
    on.state.noteUnproven(table, text(constraint['conname']) ?? `${table.name}_${column}_not_null`, {
      proves: [column],
      reads: [],
    });
  else setNotNull(on, table, column);
}

export function setNotNull(on: StatementInspection, table: TableName, column: string): void {
  const { notNull: isSet } = on.column(table, column);
  const isProven = on.isProvenNotNull(table, column);
  const version = on.olderThan(12);
  on.state.noteColumn(table, column, { notNull: true });
  if (isSet === true || (isProven && version === undefined)) return;
  const although = isProven ? `, because PostgreSQL ${version ?? ''} does not use the CHECK constraint` : '';
  on.report('set-not-null-scan', {
    table,
    message: `SET NOT NULL reads every row of ${fullTableName(table)} while reads and writes wait${although}`,
    names: { column },
  });
}

function unique(on: StatementInspection, table: TableName, constraint: Json): void {
  if (constraint['indexname'] !== undefined) return;
  on.report('unique-constraint', {
    table,
    message: `UNIQUE builds an index on ${fullTableName(table)} while reads and writes wait`,
    names: { ...namesOf(constraint), columns: nameParts(constraint['keys']) },
  });
}

function primaryKey(on: StatementInspection, table: TableName, constraint: Json): void {
  const columns = nameParts(constraint['keys']);
  const index = text(constraint['indexname']);
  if (index !== undefined) return primaryKeyUsingIndex(on, table, { constraint, index });
  for (const column of columns) on.state.noteColumn(table, column, { notNull: true });
  on.report('primary-key-added', {
    table,
    message: `PRIMARY KEY builds an index on ${fullTableName(table)}, and reads every row, while reads and writes wait`,
    names: { ...namesOf(constraint), columns },
  });
}

/** The index is there, but PostgreSQL reads every row if a column of it can be NULL. */
function primaryKeyUsingIndex(
  on: StatementInspection,
  table: TableName,
  { constraint, index }: { readonly constraint: Json; readonly index: string },
): void {
  const columns = on.columnsOfIndex({ ...table, name: index });
  const nullable = columns.filter((column) => on.isNullable(table, column));
  for (const column of columns) on.state.noteColumn(table, column, { notNull: true });
  if (nullable.length === 0) return;
  on.report('primary-key-added', {
    table,
    buildsIndex: false,
    message: `PRIMARY KEY sets ${nullable.join(', ')} NOT NULL, and reads every row of ${fullTableName(table)} for it, while reads and writes wait`,
    names: { ...namesOf(constraint), columns: nullable },
  });
}

function namesOf(constraint: Json): { readonly constraint?: string } {
  const name = text(constraint['conname']);
  return name === undefined ? {} : { constraint: name };
}

/** The constraints in the definition of a column. */
export function columnConstraints(definition: Json): readonly Json[] {
  return nodesOf(definition['constraints'], 'Constraint');
}
