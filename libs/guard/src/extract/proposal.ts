import type { DataFinding } from 'nestjs-backfill-sql';
import type { MigrationReport } from '../check/check.types.js';
import type { Finding } from '../judge/finding.types.js';
import { findEntity, type FoundEntity, importPath } from './entity.finder.js';
import { bare, camelCase, entityNameOf, kebabCase, pascalCase } from './names.js';
import { joinedTables, ROW, toRowReferences } from './row-references.js';

/** A backfill class that takes over what a statement in a migration does. */
export interface Proposal {
  readonly kind: 'set' | 'transform' | 'copy' | 'purge' | 'process';
  /** The backfill's name in the ledger. */
  readonly name: string;
  readonly className: string;
  /** `leads-status.backfill.ts`. */
  readonly fileName: string;
  readonly code: string;
}

export interface ProposalContext {
  /** Folder that the class will stand in, for its imports. */
  readonly folder?: string;
  /** Look for the entity's class in the sources. @default false */
  readonly findEntities?: boolean;
}

/** Nothing is proposed for a finding that says not which table is changed. */
export function proposalFor(
  finding: Finding,
  migration: MigrationReport,
  { folder, findEntities = false }: ProposalContext = {},
): Proposal | undefined {
  const { table } = finding;
  if (table === undefined || table.includes('${')) return undefined;
  const subject =
    finding.sql?.operation === 'insert-select' ? (finding.sql.sources[0]?.name ?? table) : table;
  const entity = findEntities ? findEntity(subject, migration.file) : undefined;
  const draft: Draft = {
    table: subject,
    entity: entity?.className ?? entityNameOf(subject),
    found: entity,
    entityImport:
      entity && folder !== undefined
        ? importPath(folder, entity.file)
        : `../entities/${kebabCase(entityNameOf(subject))}.entity.js`,
    finding,
  };
  if (finding.rule === 'row-loop') return transform(draft);
  const { sql } = finding;
  switch (sql?.operation) {
    case 'update':
      return sql.inLoop ? transform(draft) : set(draft, sql);
    case 'delete':
    case 'truncate':
      return purge(draft, sql);
    case 'insert-select':
    case 'create-table-as':
    case 'select-into':
      return copy(draft, sql, table);
    default:
      return process(draft);
  }
}

interface Draft {
  readonly table: string;
  readonly entity: string;
  readonly found: FoundEntity | undefined;
  readonly entityImport: string;
  readonly finding: Finding;
}

function set(draft: Draft, sql: DataFinding): Proposal {
  const columns = sql.set.filter(({ expression }) => expression !== '');
  if (columns.length === 0) return process(draft);
  const joined = joinedTables(sql);
  const condition = sql.where?.text === undefined ? undefined : toRowReferences(sql.where.text, sql);
  const assignments = columns.map(({ column, expression }) => {
    const own = toRowReferences(expression, sql);
    return {
      column,
      expression:
        joined === undefined
          ? own
          : `(SELECT ${own} FROM ${joined}${condition === undefined ? '' : ` WHERE ${condition}`} LIMIT 1)`,
    };
  });
  const pending = pendingPredicate(sql, assignments, joined, condition);
  const body = assignments.map(
    ({ column, expression }) => `      ${propertyOf(draft, column)}: ${template(expression)},`,
  );
  const warning = readsItself(sql)
    ? [
        '  // The change reads the column that it writes: done twice, it is wrong. Add a column that marks the rows that are done.',
      ]
    : [];
  return finish(
    draft,
    'set',
    columns.map(({ column }) => column),
    [`  where: ${template(pending)},`],
    `implements SetBackfill<${draft.entity}>`,
    [...warning, '  set() {', '    return {', ...body, '    };', '  }'],
    ['type SetBackfill'],
  );
}

/** The WHERE, and what makes it false once the change is made. */
function pendingPredicate(
  sql: DataFinding,
  assignments: readonly { readonly column: string; readonly expression: string }[],
  joined: string | undefined,
  condition: string | undefined,
): string {
  const changed = new Set(sql.set.map(({ column }) => column));
  const falsified = sql.where?.conjuncts.some(
    ({ kind, columns }) =>
      (kind === 'is-null' || kind === 'filter') &&
      columns.length === 1 &&
      columns.some((column) => changed.has(column)),
  );
  const different = assignments
    .map(({ column, expression }) => `${ROW}."${column}" IS DISTINCT FROM ${expression}`)
    .join(' OR ');
  if (joined !== undefined) {
    const exists = `EXISTS (SELECT 1 FROM ${joined}${condition === undefined ? '' : ` WHERE ${condition}`})`;
    return `(${different}) AND ${exists}`;
  }
  if (condition === undefined || sql.where?.tautology) return different;
  return falsified ? condition : `(${condition}) AND (${different})`;
}

function readsItself(sql: DataFinding): boolean {
  return sql.set.some(({ column, expression }) =>
    new RegExp(`(?<![\\w.'])"?${column}"?(?![\\w(])`).test(expression),
  );
}

function purge(draft: Draft, sql: DataFinding): Proposal {
  const joined = joinedTables(sql);
  const condition = sql.where === undefined ? 'true' : toRowReferences(sql.where.text, sql);
  const where = joined === undefined ? condition : `EXISTS (SELECT 1 FROM ${joined} WHERE ${condition})`;
  return finish(draft, 'purge', ['purge'], [`  kind: 'purge',`, `  where: ${template(where)},`], '', [], []);
}

function copy(draft: Draft, sql: DataFinding, target: string): Proposal {
  const into = entityNameOf(target);
  const columns = sql.set.map(({ column }) => column);
  const values = selectList(sql.text);
  const body = columns.map(
    (column, index) => `      ${camelCase(column)}: ${template(values[index] ?? `${ROW}."${column}"`)},`,
  );
  const options = [`  into: ${into},`, ...(sql.where ? [`  where: ${template(sql.where.text)},`] : [])];
  return finish(
    draft,
    'copy',
    ['to', bare(target)],
    options,
    `implements CopyBackfill<${draft.entity}, ${into}>`,
    ['  copy() {', '    return {', ...body, '    };', '  }'],
    ['type CopyBackfill'],
    [`import { ${into} } from '../entities/${kebabCase(into)}.entity.js';`],
  );
}

/** The expressions of a plain `SELECT a, b FROM`; nothing for a more intricate one. */
function selectList(sql: string): readonly string[] {
  const list = /\bselect\s+(?!distinct)([^]*?)\bfrom\b/i.exec(sql)?.[1];
  if (list === undefined || /[()']/.test(list)) return [];
  return list.split(',').map((item) => item.trim().replace(/\s+as\s+"?\w+"?$/i, ''));
}

function transform(draft: Draft): Proposal {
  const columns = draft.finding.sql?.set.map(({ column }) => column) ?? draft.finding.columns ?? [];
  const writes = columns.map((column) => `'${propertyOf(draft, column)}'`).join(', ');
  const [first] = columns;
  const where = first === undefined ? 'false' : `${ROW}."${first}" IS NULL`;
  const lines = [
    '  // Move the body of the loop here: the rows of one batch, locked, in order.',
    `  transform(rows: readonly ${draft.entity}[]) {`,
    '    return rows.map((row) => ({',
    ...columns.map((column) => `      ${propertyOf(draft, column)}: row.${propertyOf(draft, column)},`),
    '    }));',
    '  }',
  ];
  return finish(
    draft,
    'transform',
    columns,
    [
      `  where: ${template(where)}, // which rows are still to be done`,
      '  reads: [], // the properties that the computation needs',
      `  writes: [${writes}],`,
    ],
    `implements TransformBackfill<${draft.entity}>`,
    lines,
    ['type TransformBackfill'],
  );
}

function process(draft: Draft): Proposal {
  const lines = [
    '  // Runs inside the transaction of a batch, over locked rows; it must make `where` false for each of them.',
    `  async process(batch: ProcessBatch<${draft.entity}>, manager: EntityManager) {`,
    '    await manager.query(',
    `      ${template(draft.finding.sql?.text ?? `-- ${draft.finding.statement.replace(/\s+/g, ' ')}`)},`,
    '    );',
    '  }',
  ];
  return finish(
    draft,
    'process',
    ['process'],
    ['  where: `false`, // which rows are still to be done'],
    `implements ProcessBackfill<${draft.entity}>`,
    lines,
    ['type ProcessBackfill', 'type ProcessBatch'],
    [`import type { EntityManager } from 'typeorm';`],
  );
}

const TENANTS = ['tenantId', 'tenant_id', 'organizationId', 'organization_id', 'workspaceId', 'accountId'];
const MAX_NAME = 60;

function finish(
  draft: Draft,
  kind: Proposal['kind'],
  suffix: readonly string[],
  options: readonly string[],
  implemented: string,
  body: readonly string[],
  imports: readonly string[],
  more: readonly string[] = [],
): Proposal {
  const name = kebabCase([bare(draft.table), ...suffix].join('-'))
    .slice(0, MAX_NAME)
    .replace(/-+$/, '');
  const className = pascalCase(name);
  const tenant = TENANTS.find((candidate) => draft.found?.properties.includes(candidate));
  const code = [
    `import { Backfill${imports.length > 0 ? `, ${imports.join(', ')}` : ''} } from 'nestjs-backfill';`,
    `import { ${draft.entity} } from '${draft.entityImport}';`,
    ...more,
    '',
    `@Backfill<${draft.entity}>({`,
    `  name: '${name}',`,
    `  entity: ${draft.entity},`,
    ...options,
    ...(tenant === undefined ? [] : [`  tenant: '${tenant}',`]),
    '})',
    ...(body.length === 0
      ? [`export class ${className} {}`]
      : [`export class ${className} ${implemented} {`, ...body, '}']),
    '',
  ].join('\n');
  return { kind, name, className, fileName: `${name}.backfill.ts`, code };
}

function propertyOf({ found }: Draft, column: string): string {
  return found?.propertyOf.get(column) ?? (found?.properties.includes(column) ? column : camelCase(column));
}

function template(sql: string): string {
  return `\`${sql.trim().replace(/\\/g, '\\\\').replace(/`/g, '\\`').replace(/\$\{/g, '\\${')}\``;
}
