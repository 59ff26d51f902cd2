import type { QueryRunner } from 'typeorm';
import { quoteIdentifier, quoteLiteral } from '../../postgres/identifiers.js';
import { insideStep } from '../guard/guard-context.js';
import { dataSourceOf } from '../guard/migration-guard.js';
import { MigrationDeclarationError } from '../migration.error.js';
import { settingsFor } from '../run/migration.settings.js';
import { firstBytes, quoteTable, type TableReference } from './step-statements.js';

/** The table to rename. @publicApi */
export interface RenameTableStep {
  readonly table: TableReference;
  /** The new name, without a schema. */
  readonly to: string;
}

/** The column to rename. @publicApi */
export interface RenameColumnStep {
  readonly table: TableReference;
  readonly column: string;
  /** The new name. */
  readonly to: string;
}

/**
 * Renames a table so that the release that runs goes on: in the same transaction, a view takes the old name.
 * PostgreSQL passes reads and writes of such a view on to the table. It does nothing if it has run already.
 * After the release that uses the new name is deployed, call `finishRenameTable` in a later migration.
 *
 * A view has no constraints: queries of the old release fail that GROUP BY the primary key alone and select other
 * columns, or use `ON CONFLICT ON CONSTRAINT name`, TRUNCATE, LOCK TABLE or COPY … FROM. A warning names functions
 * of the database that use such a constraint by its name.
 *
 * @publicApi
 * @throws MigrationDeclarationError if the new name is in use
 */
export async function renameTable(queryRunner: QueryRunner, { table, to }: RenameTableStep): Promise<void> {
  const state = await relationOf(queryRunner, table);
  const target = await relationOf(queryRunner, renamed(table, to));
  if (isViewOf(state, to) && target?.isTable === true) return;
  // The new name is a view too after a later rename of the table.
  if (state && haveSameTable(state, target) && state.isWhole && target?.isWhole === true) return;
  assertTable('renameTable', table, state);
  assertFree('renameTable', renamed(table, to), target);
  await warnOfConstraintUse(queryRunner, table);
  await runStep(queryRunner, [
    `ALTER TABLE ${quoteTable(table)} RENAME TO ${quoteIdentifier(to)}`,
    ...viewStatements(state, { view: table, of: renamed(table, to), columns: '*' }),
  ]);
}

/**
 * Drops the view that `renameTable` has left under the old name. It does nothing if the view is gone.
 *
 * @publicApi
 * @throws MigrationDeclarationError if the old name is a table
 */
export async function finishRenameTable(
  queryRunner: QueryRunner,
  { table, to }: RenameTableStep,
): Promise<void> {
  const state = await relationOf(queryRunner, table);
  if (!state) return;
  const target = await relationOf(queryRunner, renamed(table, to));
  if (!haveSameTable(state, target)) assertView('finishRenameTable', { table, of: to }, state);
  await runStep(queryRunner, [`DROP VIEW ${quoteTable(table)}`]);
}

/**
 * Gives a column a second name so that the release that runs goes on: the table becomes `<table>_base`, and a
 * view with its name has the column under both names. PostgreSQL passes reads and writes on to the table. It
 * does nothing if it has run already. After the release that uses the new name is deployed, call
 * `finishRenameColumn` in a later migration. Between the two, backfills and indexes of the table must wait, and
 * queries of both releases meet a view: see `renameTable` for those that fail.
 *
 * @publicApi
 * @throws MigrationDeclarationError if the table or column does not exist, or a name is in use
 */
export async function renameColumn(
  queryRunner: QueryRunner,
  { table, column, to }: RenameColumnStep,
): Promise<void> {
  const base = baseOf(table);
  const state = await relationOf(queryRunner, table);
  if (isViewOf(state, nameOf(base)) && [column, to].every((name) => state?.columns.includes(name))) return;
  if (state?.isTable === true && !state.columns.includes(column) && state.columns.includes(to)) return;
  assertTable('renameColumn', table, state);
  assertColumns('renameColumn', { table, column, to }, state);
  assertFree('renameColumn', base, await relationOf(queryRunner, base));
  await warnOfConstraintUse(queryRunner, table);
  const columns = `*, ${quoteIdentifier(column)} AS ${quoteIdentifier(to)}`;
  await runStep(queryRunner, [
    `ALTER TABLE ${quoteTable(table)} RENAME TO ${quoteIdentifier(nameOf(base))}`,
    ...viewStatements(state, { view: table, of: base, columns }),
  ]);
}

/**
 * Drops the view of `renameColumn`, and gives table and column their final names, in one transaction. It does
 * nothing if it has run already.
 *
 * @publicApi
 * @throws MigrationDeclarationError if `renameColumn` has not run
 */
export async function finishRenameColumn(
  queryRunner: QueryRunner,
  { table, column, to }: RenameColumnStep,
): Promise<void> {
  const state = await relationOf(queryRunner, table);
  if (state?.isTable === true && state.columns.includes(to) && !state.columns.includes(column)) return;
  assertView('finishRenameColumn', { table, of: nameOf(baseOf(table)) }, state);
  await runStep(queryRunner, [
    `DROP VIEW ${quoteTable(table)}`,
    `ALTER TABLE ${quoteTable(baseOf(table))} RENAME TO ${quoteIdentifier(nameOf(table))}`,
    `ALTER TABLE ${quoteTable(table)} RENAME COLUMN ${quoteIdentifier(column)} TO ${quoteIdentifier(to)}`,
  ]);
}

/** A view has no constraints. Which queries the application sends is not known, but the functions of the database are. */
async function warnOfConstraintUse(queryRunner: QueryRunner, table: TableReference): Promise<void> {
  const uses = (await queryRunner.query(
    `SELECT p.oid::pg_catalog.regprocedure::text AS routine, k.conname AS name
       FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_proc p ON pg_catalog.strpos(p.prosrc, k.conname) > 0
      WHERE k.conrelid = pg_catalog.to_regclass(${quoteLiteral(quoteTable(table))})::pg_catalog.oid
        AND k.contype IN ('p', 'u', 'x') AND p.prosrc ~* 'on\\s+conflict\\s+on\\s+constraint'`,
  )) as { routine: string; name: string }[];
  if (uses.length > 0)
    settingsFor(dataSourceOf(queryRunner)).log.warn(
      `Until the old name of ${table} is gone, it is a view, on which ON CONFLICT ON CONSTRAINT fails: ${uses.map(({ routine, name }) => `${routine} uses ${name}`).join(', ')}. Name the columns instead: ON CONFLICT (…).`,
    );
}

interface Relation {
  readonly kind: string;
  readonly isTable: boolean;
  readonly columns: readonly string[];
  /** Names of the relations that a view reads. */
  readonly reads: readonly string[];
  /** Their OIDs. */
  readonly readIds: readonly string[];
  /** GRANT statements for a view of this table, with `%` in place of its name. */
  readonly grants: readonly string[];
  readonly hasRowSecurity: boolean;
  /** It is a view of all rows of one relation, whose columns have their own names, as a rename leaves it. */
  readonly isWhole: boolean;
  readonly version: number;
}

/** An array of the relations that the view `c` reads. */
const readBy = (column: string) => `array(SELECT DISTINCT ${column}::text FROM pg_catalog.pg_rewrite r
                    JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = r.oid
                    JOIN pg_catalog.pg_class t ON t.oid = d.refobjid AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
                   WHERE r.ev_class = c.oid AND t.oid <> c.oid)`;

/** PostgreSQL writes the table before each column up to version 15. A view that is written in another way is not known. */
const IS_WHOLE = `c.relkind = 'v' AND pg_catalog.regexp_replace(pg_catalog.pg_get_viewdef(c.oid), '\\s+', ' ', 'g') IN (
              SELECT pg_catalog.format(' SELECT %s FROM %s;', pg_catalog.string_agg(x.prefix || pg_catalog.quote_ident(a.attname), ', ' ORDER BY a.attnum), x.name)
                FROM (SELECT DISTINCT t.oid::pg_catalog.regclass::text AS name, u.prefix
                        FROM pg_catalog.pg_rewrite r
                        JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = r.oid
                        JOIN pg_catalog.pg_class t ON t.oid = d.refobjid AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
                       CROSS JOIN LATERAL (VALUES (''), (pg_catalog.quote_ident(t.relname) || '.')) u (prefix)
                       WHERE r.ev_class = c.oid AND t.oid <> c.oid) x, pg_catalog.pg_attribute a
               WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped GROUP BY x.name, x.prefix)`;

async function relationOf(queryRunner: QueryRunner, table: TableReference): Promise<Relation | undefined> {
  const rows = (await queryRunner.query(
    `SELECT c.relkind AS kind, c.relrowsecurity AS secured, pg_catalog.current_setting('server_version_num')::int AS version,
            array(SELECT a.attname::text FROM pg_catalog.pg_attribute a
                   WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum) AS columns,
            ${IS_WHOLE} AS "isWhole",
            ${readBy('t.relname')} AS reads, ${readBy('t.oid')} AS "readIds",
            array(SELECT pg_catalog.format('GRANT %s ON %% TO %s', a.privilege_type,
                           CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::pg_catalog.regrole::text END)
                    FROM pg_catalog.aclexplode(c.relacl) a
                   WHERE a.grantee <> c.relowner AND a.privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')) AS grants
       FROM pg_catalog.pg_class c WHERE c.oid = pg_catalog.to_regclass(${quoteLiteral(quoteTable(table))})::pg_catalog.oid`,
  )) as (Omit<Relation, 'isTable' | 'hasRowSecurity'> & { secured: boolean })[];
  const [row] = rows;
  return (
    row && {
      ...row,
      isTable: row.kind === 'r' || row.kind === 'p',
      hasRowSecurity: row.secured,
    }
  );
}

const SECURITY_INVOKER_VERSION = 150_000;

interface ViewNames {
  readonly view: TableReference;
  readonly of: TableReference;
  readonly columns: string;
}

/** The view has the rights of the table, and reads it with those of its user, so that row security applies. */
function viewStatements(table: Relation, { view, of, columns }: ViewNames): readonly string[] {
  const isInvoker = table.version >= SECURITY_INVOKER_VERSION;
  if (!isInvoker && table.hasRowSecurity)
    throw new MigrationDeclarationError(
      'rename',
      `${view} has row security, which a view passes by before PostgreSQL 15. Nothing was changed.`,
      'Add a new column or table, copy the rows with a backfill, and drop the old one after the next release.',
    );
  const options = isInvoker ? ' WITH (security_invoker = true)' : '';
  return [
    `CREATE VIEW ${quoteTable(view)}${options} AS SELECT ${columns} FROM ${quoteTable(of)}`,
    ...table.grants.map((grant) => grant.replace(' % ', ` ${quoteTable(view)} `)),
  ];
}

/** One text is one transaction, which is tried again if it does not get its locks. */
async function runStep(queryRunner: QueryRunner, statements: readonly string[]): Promise<void> {
  await insideStep(['rename-table', 'rename-column', 'drop-view', 'several-tables-locked'], () =>
    queryRunner.query(statements.join(';\n')),
  );
}

function assertTable(
  step: string,
  table: TableReference,
  state: Relation | undefined,
): asserts state is Relation {
  if (state?.isTable === true) return;
  throw new MigrationDeclarationError(
    step,
    `${step}() found ${state ? `the view ${table} instead of a table` : `no table ${table}`}. Nothing was changed.`,
    'Write the name as in the database, with its schema if it is not in the search path.',
  );
}

/** Another view of this name is not a leftover of a rename. */
function isViewOf(state: Relation | undefined, name: string): boolean {
  return state?.kind === 'v' && state.reads.length === 1 && state.reads[0] === name;
}

/** The new name is a view too after a later rename of the table or of a column, and both views read the table itself. */
function haveSameTable(old: Relation, target: Relation | undefined): boolean {
  return (
    [old, target].every((view) => view?.kind === 'v' && view.readIds.length === 1) &&
    old.readIds[0] === target?.readIds[0]
  );
}

function assertView(
  step: string,
  { table, of }: { readonly table: TableReference; readonly of: string },
  state: Relation | undefined,
): void {
  if (isViewOf(state, of)) return;
  const found =
    state?.kind === 'v'
      ? `a view ${table} that does not read ${of} alone`
      : `the table ${table} instead of a view`;
  throw new MigrationDeclarationError(
    step,
    `${step}() found ${state ? found : `no view ${table}`}. Nothing was changed.`,
    `Call ${step.replace('finishR', 'r')}() in an earlier migration, and deploy the release that uses the new name.`,
  );
}

function assertFree(step: string, name: TableReference, state: Relation | undefined): void {
  if (!state) return;
  throw new MigrationDeclarationError(
    step,
    `${step}() needs the name ${name}, but a relation has it already. Nothing was changed.`,
    'Rename or drop that relation first.',
  );
}

function assertColumns(step: string, { table, column, to }: RenameColumnStep, { columns }: Relation): void {
  if (columns.includes(column) && !columns.includes(to)) return;
  throw new MigrationDeclarationError(
    step,
    columns.includes(to)
      ? `${step}() cannot give ${table}.${column} the name ${to}, because another column has it. Nothing was changed.`
      : `${step}() found no column ${column} of ${table}. Nothing was changed.`,
    `The table has the columns ${columns.join(', ')}.`,
  );
}

function renamed(table: TableReference, to: string): TableReference {
  return [...table.split('.').slice(0, -1), to].join('.');
}

function baseOf(table: TableReference): TableReference {
  return renamed(table, `${firstBytes(nameOf(table), 58)}_base`);
}

function nameOf(table: TableReference): string {
  return table.split('.').at(-1) ?? table;
}
