import type { DataSource } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { InvalidBackfillOptionError } from '../../../options/option.error.js';
import type { BackfillOptions } from '../../declare/backfill.options.js';
import { MissingPrimaryKeyError } from '../../declare/errors/key.error.js';
import { InvalidPredicateError } from '../../declare/errors/predicate.error.js';
import type { IndexDirectory } from '../../declare/index.directory.js';
import type { BackfillKind } from '../../../report/backfill-kind.js';
import type { ProcessBackfill, TransformBackfill } from '../../declare/kinds.js';
import type { BackfillModuleDefaults } from '../../declare/module.options.js';
import { resolvePace } from '../../declare/pace.js';
import { resolveThrottles } from '../../throttle/throttle.limits.js';
import { ColumnFinder, tableOf } from '../columns.js';
import type { BackfillCode, Declaration } from '../declaration.js';
import type {
  BackfillDefinition,
  CompiledPredicate,
  DefinitionBase,
  ProcessDefinition,
  SetDefinition,
  TransformDefinition,
} from '../definition.js';
import { compileAssignments } from './assignment.compiler.js';
import { compileCopy } from './copy.compiler.js';
import { resolveDataSource } from './data-source.resolver.js';
import { checkDeclaration } from './declaration.checker.js';
import { resolveEntity } from './entity.resolver.js';
import { exactSettings } from './exact.settings.js';
import { resolveIndex } from './index-reference.resolver.js';
import { resolveKind } from './kind.resolver.js';
import { compilePredicate } from './predicate.compiler.js';
import { resolveTenantOptions } from './tenant.resolver.js';
import { touchedColumns } from './touched.columns.js';
import { checkWrittenColumns } from './written-columns.checker.js';

/** The parts of the application that a declaration refers to. */
export interface CompileContext {
  /** By name. */
  readonly dataSources: ReadonlyMap<string, DataSource>;
  readonly moduleDefaults: BackfillModuleDefaults;
  readonly indexes: IndexDirectory;
}

/** A declaration whose entity is resolved. */
interface ResolvedDeclaration {
  readonly base: Omit<DefinitionBase, 'pending'>;
  readonly options: BackfillOptions;
  readonly code: BackfillCode;
  readonly columns: ColumnFinder;
}

/**
 * Checks a declaration against its entity and compiles it to SQL. Sends no query: an application must be able
 * to start before its migrations have run.
 *
 * @throws the errors in declare/errors/, InvalidBackfillOptionError
 */
export function compileDefinition(declaration: Declaration, context: CompileContext): BackfillDefinition {
  const { className, options } = declaration;
  checkDeclaration(className, options);
  const code: BackfillCode = declaration.instance;
  const kind = resolveKind(className, options, code);
  const resolved = { options, code, ...resolveBase(declaration, context, kind) };
  switch (kind) {
    case 'set':
      return compileSet(resolved);
    case 'transform':
      return compileTransform(resolved);
    case 'copy':
      return compileCopy({ ...resolved, where: options.where === undefined ? null : pendingOf(resolved) });
    case 'purge':
      return { ...resolved.base, kind, pending: pendingOf(resolved) };
    case 'process':
      return compileProcess(resolved);
  }
}

function resolveBase(
  { className, options }: Declaration,
  { dataSources, moduleDefaults, indexes }: CompileContext,
  kind: BackfillKind,
): Pick<ResolvedDeclaration, 'base' | 'columns'> {
  const dataSourceName = options.dataSource ?? 'default';
  const dataSource = resolveDataSource(className, dataSourceName, dataSources);
  const metadata = resolveEntity(className, {
    option: 'entity',
    entity: options.entity,
    dataSource,
    dataSourceName,
  });
  if (metadata.primaryColumns.length === 0) throw new MissingPrimaryKeyError(className, metadata.name);
  const columns = new ColumnFinder(className, metadata);
  // The code of `process` may have effects outside the database that a crash does not undo, so its commits
  // wait for the disk.
  const kindDefaults = kind === 'process' ? ({ synchronousCommit: 'on' } as const) : {};
  const base = {
    name: options.name,
    formerly: options.formerly ?? [],
    version: options.version ?? 1,
    className,
    dataSourceName,
    dataSource,
    metadata,
    table: tableOf(metadata),
    key: metadata.primaryColumns,
    tenant: options.tenant === undefined ? null : columns.find('tenant', options.tenant),
    lagColumn: options.lagColumn === undefined ? null : findTime(className, columns, options.lagColumn),
    index: resolveIndex(className, options.index, { metadata, dataSource, directory: indexes }),
    ...resolveTenantOptions(className, options),
    dependsOn: (options.dependsOn ?? []).filter((name) => !moduleDefaults.retired?.includes(name)),
    acceptsCascades: options.cascades === 'accepted',
    throttles: resolveThrottles(className, moduleDefaults.throttles, options.throttles),
    catchUp: options.catchUp,
    pace: {
      ...resolvePace(className, kindDefaults, moduleDefaults.defaults ?? {}, options),
      settings: { ...options.settings, ...exactSettings(kind, metadata.primaryColumns) },
    },
  };
  return { base, columns };
}

/** @throws UnknownColumnError, InvalidBackfillOptionError */
function findTime(className: string, columns: ColumnFinder, property: string): ColumnMetadata {
  const column = columns.find('lagColumn', property);
  if (column.type === Date || /^(timestamp|date)/.test(String(column.type))) return column;
  throw new InvalidBackfillOptionError(
    className,
    'lagColumn',
    `names "${property}", which is no time`,
    'Name a column of the type timestamptz, timestamp or date, or leave it out.',
  );
}

function compileSet({ base, code, columns, options }: ResolvedDeclaration): SetDefinition {
  const declared = compileAssignments(columns, 'set()', code.set?.(columns.row('set')));
  const written = declared.map(({ target }) => target);
  const assignments = [...declared, ...touchedColumns(base, options, written)];
  const pending = pendingOf({ base, columns, options });
  checkWrittenColumns(base.className, written, { key: base.key, pending });
  return { ...base, kind: 'set', assignments, pending };
}

function compileTransform({ base, code, columns, options }: ResolvedDeclaration): TransformDefinition {
  const writes = findColumns(columns, 'writes', options);
  if (writes.length === 0) {
    throw new InvalidBackfillOptionError(
      base.className,
      'writes',
      'is empty',
      'Name the properties that transform() returns, e.g. `writes: ["searchName"]`.',
    );
  }
  const pending = pendingOf({ base, columns, options });
  const reads = withKey(base.key, findColumns(columns, 'reads', options));
  checkWrittenColumns(base.className, writes, { key: base.key, pending });
  return {
    ...base,
    kind: 'transform',
    writes,
    touched: touchedColumns(base, options, writes),
    pending,
    reads,
    asText: columnsAsText(columns, options),
    code: code as TransformBackfill<Record<string, unknown>>,
  };
}

function compileProcess({ base, code, columns, options }: ResolvedDeclaration): ProcessDefinition {
  return {
    ...base,
    kind: 'process',
    pending: pendingOf({ base, columns, options }),
    reads: withKey(base.key, findColumns(columns, 'reads', options)),
    asText: columnsAsText(columns, options),
    code: code as ProcessBackfill<Record<string, unknown>>,
  };
}

function pendingOf({ base, columns, options }: Omit<ResolvedDeclaration, 'code'>): CompiledPredicate {
  if (options.where !== undefined) return compilePredicate(options.where, columns, base.dataSource);
  throw new InvalidPredicateError(
    base.className,
    'is missing',
    'Say which rows are pending, e.g. `where: { searchName: IsNull() }`.',
  );
}

function findColumns(
  columns: ColumnFinder,
  option: 'reads' | 'writes',
  options: BackfillOptions,
): ColumnMetadata[] {
  const given = options[option] ?? [];
  const properties = Array.isArray(given) ? given : Object.keys(given);
  return properties.flatMap((property: string) => columns.findAll(option, property));
}

function columnsAsText(columns: ColumnFinder, { reads = [] }: BackfillOptions): ReadonlySet<ColumnMetadata> {
  const forms = Array.isArray(reads) ? [] : Object.entries(reads);
  const properties = forms.filter(([, form]) => form === 'text').map(([property]) => property);
  return new Set(properties.flatMap((property) => columns.findAll('reads', property)));
}

function withKey(key: readonly ColumnMetadata[], columns: readonly ColumnMetadata[]): ColumnMetadata[] {
  return [...new Set([...key, ...columns])];
}
