import type { TableName } from '../classification/statement.types.js';
import { type Json, nameParts, nodeOf, nodesOf, text } from '../parser/parser-nodes.js';
import type { DdlStatement } from './ddl-statement.js';
import type { LockFinding } from './lock.types.js';
import { isOnly } from './rules/index.rules.js';
import { droppedNames, tableOf } from './table-names.js';

/**
 * What the catalog of the database can tell about statements, so that fewer of them are dangerous.
 *
 * @publicApi
 */
export interface LockLookups {
  readonly tables: readonly TableName[];
  readonly indexes: readonly TableName[];
  readonly functions: readonly string[];
  readonly types: readonly string[];
}

/**
 * What to look up for statements, so that only dangerous ones are refused.
 *
 * @param findings what the statements are without a catalog
 * @returns undefined if the catalog cannot change the result
 * @publicApi
 */
export function lockLookups(
  ddl: readonly DdlStatement[],
  findings: readonly LockFinding[],
): LockLookups | undefined {
  if (findings.length === 0 && !ddl.some(mayReadCatalog)) return undefined;
  const tables = findings.flatMap(({ table, alsoLocks }) => [...(table ? [table] : []), ...alsoLocks]);
  const created = ddl.filter(({ fields }) => fields['if_not_exists'] === true).map(createdTable);
  const keys = ddl.flatMap(primaryKeysUsingIndex);
  const partitioned = ddl.flatMap((statement) => [maybePartitioned(statement), losesDefault(statement)]);
  const lookups = {
    tables: [
      ...tables,
      ...[...created, ...partitioned].filter((table) => table !== undefined),
      ...ddl.flatMap(sequencesInCascade),
      ...keys.map(({ table }) => table),
    ].filter(isCertain),
    indexes: [
      ...findings.flatMap(({ names, rule }) =>
        rule === 'index-not-concurrent' && names.index !== undefined ? [indexName(names.index)] : [],
      ),
      ...keys.map(({ index }) => index),
      ...ddl.flatMap(maybeExisting),
    ].filter(isCertain),
    functions: findings.flatMap(({ names, rule }) =>
      names.function === undefined || rule === 'drop-function' ? [] : [names.function],
    ),
    types: ddl.flatMap(addedTypes),
  };
  const isEmpty = Object.values(lookups).every((names) => names.length === 0);
  return isEmpty ? undefined : lookups;
}

/** Whether the catalog may matter to a statement without a finding. It runs before every statement of a migration. */
function mayReadCatalog({ node, fields }: DdlStatement): boolean {
  if (node === 'IndexStmt') return fields['if_not_exists'] === true || isOnly(fields['relation']);
  if (node === 'DropStmt') return sequencesInCascade({ node, fields }).length > 0;
  if (node !== 'AlterTableStmt') return fields['if_not_exists'] === true;
  return nodesOf(fields['cmds'], 'AlterTableCmd').some(
    (command) => text(command['subtype']) !== 'AT_AddColumn' || addedType(command) !== undefined,
  );
}

/** A name that EXECUTE builds at run time is not known. */
function isCertain({ name, schema = '' }: TableName): boolean {
  return !name.includes('_dynamic_') && !schema.includes('_dynamic_');
}

function createdTable({ node, fields }: DdlStatement): TableName | undefined {
  if (node === 'CreateStmt') return tableOf(fields['relation']);
  const into = fields['into'] as { rel?: unknown } | undefined;
  return node === 'CreateTableAsStmt' ? tableOf(into?.rel) : undefined;
}

/** Tables of which it matters whether they are partitioned, and how. */
function maybePartitioned({ node, fields }: DdlStatement): TableName | undefined {
  if (node === 'IndexStmt') return isOnly(fields['relation']) ? tableOf(fields['relation']) : undefined;
  const attaches = nodesOf(fields['cmds'], 'AlterTableCmd').some(
    ({ subtype }) => subtype === 'AT_AttachPartition',
  );
  const isUnchecked = constraintsOf(fields).some(
    ({ contype, skip_validation }) => contype === 'CONSTR_FOREIGN' && skip_validation === true,
  );
  return node === 'AlterTableStmt' && (isUnchecked || attaches) ? tableOf(fields['relation']) : undefined;
}

/** The default of a NOT NULL column is used by releases that run. */
function losesDefault({ node, fields }: DdlStatement): TableName | undefined {
  const drops = nodesOf(fields['cmds'], 'AlterTableCmd').some(
    ({ subtype, def }) =>
      subtype === 'AT_DropIdentity' || (subtype === 'AT_ColumnDefault' && def === undefined),
  );
  return node === 'AlterTableStmt' && drops ? tableOf(fields['relation']) : undefined;
}

/** Defaults that take their numbers from these sequences are lost with them. */
function sequencesInCascade({ node, fields }: Pick<DdlStatement, 'fields' | 'node'>): readonly TableName[] {
  const isCascade = fields['removeType'] === 'OBJECT_SEQUENCE' && fields['behavior'] === 'DROP_CASCADE';
  return node === 'DropStmt' && isCascade ? droppedNames(fields) : [];
}

/** CREATE INDEX IF NOT EXISTS. An index has the schema of its table. */
function maybeExisting({ node, fields }: DdlStatement): readonly TableName[] {
  const name = text(fields['idxname']);
  const table = tableOf(fields['relation']);
  if (node !== 'IndexStmt' || fields['if_not_exists'] !== true || name === undefined || !table) return [];
  return [{ ...table, name }];
}

/** PRIMARY KEY USING INDEX reads the rows if a column of the index can be NULL. */
function primaryKeysUsingIndex({
  node,
  fields,
}: DdlStatement): readonly { readonly table: TableName; readonly index: TableName }[] {
  const table = tableOf(fields['relation']);
  if (node !== 'AlterTableStmt' || !table) return [];
  return constraintsOf(fields).flatMap(({ contype, indexname }) => {
    const name = text(indexname);
    return contype === 'CONSTR_PRIMARY' && name !== undefined ? [{ table, index: { ...table, name } }] : [];
  });
}

function constraintsOf(fields: DdlStatement['fields']) {
  return nodesOf(fields['cmds'], 'AlterTableCmd')
    .map(({ def }) => nodeOf(def, 'Constraint'))
    .filter((constraint) => constraint !== undefined);
}

function indexName(written: string): TableName {
  const [name = '', schema] = written.split('.').reverse();
  return { name, ...(schema !== undefined && { schema }) };
}

/** Types of columns that may be domains. */
function addedTypes({ node, fields }: DdlStatement): readonly string[] {
  if (node !== 'AlterTableStmt') return [];
  return nodesOf(fields['cmds'], 'AlterTableCmd').flatMap((command) => addedType(command) ?? []);
}

/** The type of an added or changed column if it may be a domain. */
function addedType({ subtype, def }: Json): string | undefined {
  if (!['AT_AddColumn', 'AT_AlterColumnType'].includes(text(subtype) ?? '')) return undefined;
  const typeName = nodeOf(def, 'ColumnDef')?.['typeName'] as { names?: unknown } | undefined;
  const parts = nameParts(typeName?.names);
  const name = parts.at(-1);
  return name === undefined || parts[0] === 'pg_catalog' || COMMON_TYPES.has(name) ? undefined : name;
}

/** Types of PostgreSQL that are written without a schema, so that they cost no look-up. */
const COMMON_TYPES = new Set(
  'text uuid json jsonb date bytea citext inet cidr money xml serial bigserial smallserial tsvector point hstore'.split(
    ' ',
  ),
);
