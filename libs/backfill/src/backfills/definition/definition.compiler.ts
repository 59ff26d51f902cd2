import type { DataSource, EntityTarget, ObjectLiteral } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import type { EntityMetadata } from 'typeorm/metadata/EntityMetadata.js';
import { quoteIdentifier } from '../../postgres/identifiers.js';
import { decideThrottles } from '../throttle/throttle.limits.js';
import type { ThrottleOptions } from '../throttle/throttle.options.js';
import type { BackfillOptions, PaceOptions } from '../declare/backfill.options.js';
import { ColumnFinder, tableOf } from './columns.js';
import {
  InvalidBackfillOptionError,
  InvalidPredicateError,
  KeyChangedError,
  MissingPrimaryKeyError,
  PredicateNotFalsifiedError,
  UnclearBackfillKindError,
  UnknownEntityError,
} from '../declare/declaration.error.js';
import { type Assignment, type BackfillDefinition, type CompiledPredicate } from './definition.js';
import { resolveIndex, type IndexDirectory } from '../declare/index.directory.js';
import type {
  BackfillKind,
  CopyBackfill,
  ProcessBackfill,
  SetBackfill,
  TransformBackfill,
} from '../declare/kinds.js';
import { mentions } from './mentions.js';
import {
  BACKFILL_NAMES,
  CANARY_NAMES,
  refuseUnknown,
  refuseUnknownCatchUp,
} from '../declare/known-options.js';
import { decidePace } from '../declare/pace.js';
import { decideTenants } from '../declare/tenant.options.js';
import { compilePredicate, ownRows } from './predicate.compiler.js';

type Row = Record<string, unknown>;
type Code = Partial<
  SetBackfill<Row> & TransformBackfill<Row> & CopyBackfill<Row, Row> & ProcessBackfill<Row>
>;

/** What the explorer found. */
export interface Declaration {
  readonly className: string;
  readonly options: BackfillOptions;
  readonly instance: object;
}

/**
 * Checks a declaration against its entity and turns it into SQL, without asking the database: an application must be able to
 * start before its migrations have run.
 *
 * @throws the errors of declaration.error.ts, one class per refusal
 */
export function compileDefinition(
  { className, options, instance }: Declaration,
  dataSource: DataSource,
  defaults: PaceOptions,
  indexes: IndexDirectory,
  throttles?: ThrottleOptions | false,
): BackfillDefinition {
  checkName(className, options);
  checkShapes(className, options);
  const code = instance as Code;
  const kind = kindOf(className, options, code);
  const metadata = entityOf(className, 'entity', options.entity, dataSource, options.dataSource ?? 'default');
  if (metadata.primaryColumns.length === 0) throw new MissingPrimaryKeyError(className, metadata.name);
  const columns = new ColumnFinder(className, metadata);
  const base = {
    name: options.name,
    version: options.version ?? 1,
    className,
    dataSourceName: options.dataSource ?? 'default',
    dataSource,
    metadata,
    table: tableOf(metadata),
    key: metadata.primaryColumns,
    tenant: options.tenant === undefined ? null : columns.find('tenant', options.tenant),
    index: resolveIndex(className, options.index, metadata, dataSource, indexes),
    ...decideTenants(className, options),
    dependsOn: options.dependsOn ?? [],
    throttles: decideThrottles(className, throttles, options.throttles),
    catchUp: options.catchUp,
    pace: decidePace(className, kind === 'process' ? { synchronousCommit: 'on' } : {}, defaults, options),
  };
  const pending = (): CompiledPredicate => {
    if (options.where !== undefined)
      return compilePredicate(className, options.where, metadata, dataSource, columns);
    throw new InvalidPredicateError(
      className,
      'is missing',
      'Tell which rows are still to be done, e.g. `where: { searchName: IsNull() }`.',
    );
  };
  const found = (option: 'reads' | 'writes'): ColumnMetadata[] =>
    (options[option] ?? []).flatMap((property) => columns.findAll(option, property));

  switch (kind) {
    case 'set': {
      const assignments = assign(className, columns, 'set', code.set?.(columns.row('set')) ?? {});
      const definition = { ...base, kind, assignments, pending: pending() };
      checkWritten(
        className,
        assignments.map(({ target }) => target),
        definition.pending,
        base.key,
      );
      return definition;
    }
    case 'transform': {
      const writes = found('writes');
      if (writes.length === 0) {
        throw new InvalidBackfillOptionError(
          className,
          'writes',
          'is empty',
          'Name the properties that transform() returns, e.g. `writes: ["searchName"]`.',
        );
      }
      const definition = {
        ...base,
        kind,
        writes,
        pending: pending(),
        reads: withKey(base.key, found('reads')),
        code: code as TransformBackfill<Row>,
      };
      checkWritten(className, writes, definition.pending, base.key);
      return definition;
    }
    case 'copy':
      return compileCopy(
        className,
        options,
        code,
        columns,
        { ...base, kind },
        options.where === undefined ? null : pending(),
      );
    case 'purge':
      return { ...base, kind, pending: pending() };
    case 'process':
      return {
        ...base,
        kind,
        pending: pending(),
        reads: withKey(base.key, found('reads')),
        code: code as ProcessBackfill<Row>,
      };
  }
}

function checkName(className: string, { name, version }: BackfillOptions): void {
  if (typeof name !== 'string' || !/^[a-z0-9]+(?:[-_.][a-z0-9]+)*$/.test(name) || name.length > 200) {
    throw new InvalidBackfillOptionError(
      className,
      'name',
      `is ${JSON.stringify(name)}`,
      'It is the key of the record in the ledger: lower case letters and digits, joined by single dashes, e.g. "leads-search-name".',
    );
  }
  if (version !== undefined && (!Number.isInteger(version) || version < 1 || version > 2_147_483_647)) {
    throw new InvalidBackfillOptionError(
      className,
      'version',
      `is ${String(version)}`,
      'Give a whole number from 1 upwards.',
    );
  }
}

/** What the compiler checks for those who write TypeScript. */
function checkShapes(className: string, options: BackfillOptions): void {
  refuseUnknown(className, options, BACKFILL_NAMES);
  refuseUnknown(className, options.canary, CANARY_NAMES, 'canary');
  refuseUnknownCatchUp(className, options.catchUp);
  for (const option of ['reads', 'writes', 'conflict', 'dependsOn'] as const) {
    const value: unknown = options[option];
    if (value === undefined || (Array.isArray(value) && value.every((one) => typeof one === 'string')))
      continue;
    throw new InvalidBackfillOptionError(
      className,
      option,
      `is ${JSON.stringify(value)}`,
      `Give a list of names, e.g. \`${option}: ["…"]\`.`,
    );
  }
  const catchUp: unknown = options.catchUp;
  if (catchUp !== undefined && catchUp !== false && (typeof catchUp !== 'object' || catchUp === null)) {
    throw new InvalidBackfillOptionError(
      className,
      'catchUp',
      `is ${JSON.stringify(catchUp)}`,
      'Give options, e.g. `catchUp: { cron: "0 * * * *" }`, or false.',
    );
  }
  const kind: unknown = options.kind;
  if (kind !== undefined && kind !== 'purge') {
    throw new InvalidBackfillOptionError(
      className,
      'kind',
      `is ${JSON.stringify(kind)}`,
      "The one kind to name is 'purge'; the others are told by the method that the class implements.",
    );
  }
}

function kindOf(className: string, options: BackfillOptions, code: Code): BackfillKind {
  const methods = (['set', 'transform', 'copy', 'process'] as const).filter(
    (kind) => typeof code[kind] === 'function',
  );
  const found: BackfillKind[] = options.kind === undefined ? methods : [options.kind, ...methods];
  const [kind] = found;
  if (kind === undefined || found.length > 1) throw new UnclearBackfillKindError(className, found);
  return kind;
}

function entityOf(
  className: string,
  option: string,
  entity: EntityTarget<ObjectLiteral>,
  dataSource: DataSource,
  dataSourceName: string,
): EntityMetadata {
  if (entity !== undefined && dataSource.hasMetadata(entity)) return dataSource.getMetadata(entity);
  throw new UnknownEntityError(className, option, nameOf(entity), dataSourceName);
}

/** A class, an EntitySchema, or a name. */
function nameOf(entity: EntityTarget<ObjectLiteral>): string {
  if (typeof entity !== 'object') return typeof entity === 'function' ? entity.name : String(entity);
  return 'options' in entity ? entity.options.name : entity.name;
}

function withKey(key: readonly ColumnMetadata[], columns: readonly ColumnMetadata[]): ColumnMetadata[] {
  return [...new Set([...key, ...columns])];
}

function assign(
  className: string,
  columns: ColumnFinder,
  option: string,
  expressions: object,
): (Assignment & { target: ColumnMetadata })[] {
  const entries = Object.entries(expressions) as [string, unknown][];
  if (entries.length === 0) {
    throw new InvalidBackfillOptionError(
      className,
      `${option}()`,
      'returned no column',
      `Return e.g. \`{ searchName: "lower(name)" }\`: property → SQL expression.`,
    );
  }
  return entries.map(([property, expression]) => {
    const target = columns.find(`${option}()`, property);
    if (typeof expression !== 'string' || expression.trim() === '') {
      throw new InvalidBackfillOptionError(
        className,
        `${option}()`,
        `returned ${JSON.stringify(expression)} for "${property}"`,
        'Return an SQL expression as a string; a constant text is quoted for SQL: `"\'none\'"`.',
      );
    }
    return { target, column: quoteIdentifier(target.databaseName), expression: `(${expression}\n)` };
  });
}

function checkWritten(
  className: string,
  written: readonly ColumnMetadata[],
  pending: CompiledPredicate,
  key: readonly ColumnMetadata[],
): void {
  const changedKey = written.find((column) => key.includes(column));
  if (changedKey) throw new KeyChangedError(className, changedKey.propertyPath);
  // What a sub-query looks at cannot be told from here; there the running backfill finds out, row by row.
  if (/\bselect\b/i.test(pending.text)) return;
  if (!written.some(({ databaseName }) => mentions(pending.text, databaseName))) {
    throw new PredicateNotFalsifiedError(
      className,
      written.map(({ propertyPath }) => propertyPath),
      pending.text,
    );
  }
}

function compileCopy(
  className: string,
  options: BackfillOptions,
  code: Code,
  columns: ColumnFinder,
  base: Omit<Extract<BackfillDefinition, { kind: 'copy' }>, 'pending' | 'target' | 'assignments'>,
  where: CompiledPredicate | null,
): BackfillDefinition {
  if (options.into === undefined) {
    throw new InvalidBackfillOptionError(
      className,
      'into',
      'is missing',
      'Name the entity that rows are copied into: `@Backfill({ into: Target, … })`.',
    );
  }
  const into = entityOf(className, 'into', options.into, base.dataSource, base.dataSourceName);
  const target = new ColumnFinder(className, into);
  const assignments = assign(className, target, 'copy', code.copy?.(columns.row('copy')) ?? {});
  const conflict =
    options.conflict?.map((property) => target.find('conflict', property)) ?? into.primaryColumns;
  const wanted = conflict.map((column, at) => {
    const assignment = assignments.find((one) => one.target === column);
    if (assignment)
      return { column: assignment.column, expression: assignment.expression, alias: `nb_wanted_${at + 1}` };
    throw new InvalidBackfillOptionError(
      className,
      'conflict',
      `tells by "${column.propertyPath}" whether a row is there already, and copy() does not give it`,
      `Return "${column.propertyPath}" from copy(), or name in \`conflict\` the target's unique columns that it gives.`,
    );
  });
  const table = tableOf(into);
  // The expressions stand in a sub-select of their own: there a bare column name means the source's, not the target's.
  const absent = `NOT EXISTS (SELECT FROM (SELECT ${wanted.map(({ expression, alias }) => `${expression} AS ${alias}`).join(', ')}) AS nb_wanted
    JOIN ${table} AS nb_target ON ${wanted.map(({ column, alias }) => `nb_target.${column} = nb_wanted.${alias}`).join(' AND ')})`;
  const source = where?.sql ?? ownRows(base.metadata);
  return {
    ...base,
    target: table,
    assignments,
    pending: {
      sql: source === null ? `(${absent})` : `(${source} AND ${absent})`,
      parameters: where?.parameters ?? [],
      text: where ? `${where.text} AND ${absent}` : absent,
    },
  };
}
