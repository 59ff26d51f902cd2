import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { InvalidBackfillOptionError } from '../../../options/option.error.js';
import type { BackfillOptions } from '../../declare/backfill.options.js';
import { ColumnFinder, tableOf } from '../columns.js';
import type { BackfillCode } from '../declaration.js';
import type { CompiledPredicate, CopyDefinition, DefinitionBase } from '../definition.js';
import { compileAssignments, type CompiledAssignment } from './assignment.compiler.js';
import { resolveEntity } from './entity.resolver.js';
import { ownRows } from './predicate.compiler.js';

/** The parts of a declaration from which a copy is compiled. */
export interface CopySource {
  readonly base: Omit<DefinitionBase, 'pending'>;
  readonly options: BackfillOptions;
  readonly code: BackfillCode;
  /** The columns of the source's entity. */
  readonly columns: ColumnFinder;
  /** The condition in `where`; null without one. */
  readonly where: CompiledPredicate | null;
}

/** A column that identifies a row of the target, and its value for the source's row. */
interface ConflictColumn {
  readonly column: string;
  readonly expression: string;
  readonly alias: string;
  readonly equals: string;
}

/**
 * A row of the source is pending while the target has no row with the same values in the `conflict` columns.
 */
export function compileCopy({ base, options, code, columns, where }: CopySource): CopyDefinition {
  const target = targetOf(base, options);
  const assignments = compileAssignments(target, 'copy()', code.copy?.(columns.row('copy')));
  const table = tableOf(target.metadata);
  const conflict = conflictColumns(target, options.conflict, assignments);
  const source = where?.sql ?? ownRows(base.metadata);
  const pendingIn = (name: string): CompiledPredicate => {
    const absent = absentIn(name, conflict);
    return {
      sql: source === null ? `(${absent})` : `(${source} AND ${absent})`,
      parameters: where?.parameters ?? [],
      text: where ? `${where.text} AND ${absent}` : absent,
    };
  };
  return { ...base, kind: 'copy', target: table, assignments, pending: pendingIn(table), pendingIn };
}

function targetOf(
  { className, dataSource, dataSourceName }: CopySource['base'],
  { into }: BackfillOptions,
): ColumnFinder {
  if (into === undefined) {
    throw new InvalidBackfillOptionError(
      className,
      'into',
      'is missing',
      'Name the entity that rows are copied into: `@Backfill({ into: Target, … })`.',
    );
  }
  const metadata = resolveEntity(className, { option: 'into', entity: into, dataSource, dataSourceName });
  return new ColumnFinder(className, metadata);
}

/** @throws InvalidBackfillOptionError if copy() does not return one of these columns */
function conflictColumns(
  target: ColumnFinder,
  conflict: readonly string[] | undefined,
  assignments: readonly CompiledAssignment[],
): ConflictColumn[] {
  const columns =
    conflict?.map((property) => target.find('conflict', property)) ?? target.metadata.primaryColumns;
  return columns.map((column, at) => {
    const assignment = assignments.find((each) => each.target === column);
    if (assignment)
      return {
        column: assignment.column,
        expression: assignment.expression,
        alias: `nb_wanted_${at + 1}`,
        equals: equalsOperator(column),
      };
    throw new InvalidBackfillOptionError(
      target.className,
      'conflict',
      `identifies rows of the target by "${column.propertyPath}", which copy() does not return`,
      `Return "${column.propertyPath}" from copy(), or name in \`conflict\` unique columns of the target that copy() returns.`,
    );
  });
}

/**
 * The expressions are in a separate sub-select, where an unqualified column name means the source's column,
 * not the target's.
 */
function absentIn(table: string, conflict: readonly ConflictColumn[]): string {
  const wanted = conflict.map(({ expression, alias }) => `${expression} AS ${alias}`).join(', ');
  const same = conflict
    .map(({ column, alias, equals }) => `nb_target.${column} ${equals} nb_wanted.${alias}`)
    .join(' AND ');
  return `NOT EXISTS (SELECT FROM (SELECT ${wanted}) AS nb_wanted
    JOIN ${table} AS nb_target ON ${same})`;
}

/**
 * PostgreSQL has no operator for two values of these types exactly: another role could create one in `public`. The
 * types of extensions have operators of their own.
 */
function equalsOperator({ type, isArray }: ColumnMetadata): string {
  const isVarchar = type === String || type === 'varchar' || type === 'character varying';
  return isVarchar || type === 'enum' || isArray ? 'OPERATOR(pg_catalog.=)' : '=';
}
