import { join } from 'node:path';
import type { Move, Skeleton } from '../code/move.types.js';
import { bare, kebabCase, pascalCase, qualified } from '../project/names.js';
import type { MovedInsert, MovedStatement, MovedUpdate } from '../sql/movable.types.js';
import type { Backfill, BackfillParts, TableReference } from './generated.types.js';
import { skeletonParts } from './skeleton.writer.js';
import type { TableWriter } from './table.writer.js';

const TENANT_PROPERTIES = [
  'tenantId',
  'tenant_id',
  'organizationId',
  'organization_id',
  'workspaceId',
  'accountId',
];
const MAX_NAME_LENGTH = 60;

export interface WriterContext {
  readonly tables: TableWriter;
  readonly folder: string;
  /** The migration's class or file. */
  readonly migration: string;
}

/** Writes the backfills of one migration. */
export class BackfillWriter {
  readonly #context: WriterContext;
  readonly #names = new Set<string>();

  constructor(context: WriterContext) {
    this.#context = context;
  }

  /** @param after the backfills that must be complete before it */
  write(move: Move, after: readonly Backfill[]): Backfill {
    const { moved } = move;
    const { tables, folder } = this.#context;
    const table = moved.kind === 'skeleton' ? moved.table : moved.row.name;
    const reference = tables.reference(rowsOf(moved));
    const parts = partsOf(moved, reference, this.#context);
    const name = this.#uniqueName(nameOf(moved, table));
    const className = pascalCase(name);
    const code = classCode({ name, className, reference, parts, notes: notesOf(moved), after });
    return {
      move,
      kind: parts.kind,
      name,
      className,
      file: { path: join(folder, `${name}.backfill.ts`), code },
    };
  }

  #uniqueName(wanted: string): string {
    let name = wanted;
    for (let suffix = 2; this.#names.has(name); suffix++) name = `${wanted}-${String(suffix)}`;
    this.#names.add(name);
    return name;
  }
}

/** Announces the columns that the backfill of a move will use. */
export function announce(tables: TableWriter, { moved }: Move): void {
  switch (moved.kind) {
    case 'skeleton':
      tables.need(rowsOf(moved), moved.columns);
      break;
    case 'set':
      tables.need(
        rowsOf(moved),
        moved.assignments.map(({ column }) => column),
      );
      break;
    case 'copy':
      tables.need(rowsOf(moved), []);
      tables.need(
        qualified(moved.target),
        moved.assignments.map(({ column }) => column),
      );
      break;
    case 'purge':
      tables.need(rowsOf(moved), []);
  }
}

/** The table whose rows the backfill goes through. */
function rowsOf(moved: MovedStatement | Skeleton): string {
  return moved.kind === 'skeleton'
    ? qualified({ name: moved.table, schema: moved.schema })
    : qualified(moved.row);
}

function nameOf(moved: MovedStatement | Skeleton, table: string): string {
  const words = [bare(table)];
  if (moved.kind === 'set') words.push(...moved.assignments.map(({ column }) => column));
  if (moved.kind === 'skeleton') words.push(...(moved.columns.length > 0 ? moved.columns : ['process']));
  if (moved.kind === 'copy') words.push('to', bare(moved.target.name));
  if (moved.kind === 'purge') words.push('purge');
  return kebabCase(words.join('-')).slice(0, MAX_NAME_LENGTH).replace(/-+$/, '');
}

function notesOf(moved: MovedStatement | Skeleton): readonly string[] {
  return moved.kind === 'skeleton' ? [] : moved.notes;
}

function partsOf(
  moved: MovedStatement | Skeleton,
  reference: TableReference,
  context: WriterContext,
): BackfillParts {
  switch (moved.kind) {
    case 'skeleton':
      return skeletonParts(moved, reference, context.migration);
    case 'set':
      return setParts(moved, reference);
    case 'copy':
      return copyParts(moved, reference, context.tables.reference(qualified(moved.target)));
    case 'purge':
      return {
        kind: 'purge',
        options: [`  kind: 'purge',`, `  where: ${template(moved.where)},`, NO_CATCH_UP],
      };
  }
}

/** A row that the application changes later must not be changed again. */
const NO_CATCH_UP = '  catchUp: false,';

function setParts({ where, guards, assignments }: MovedUpdate, reference: TableReference): BackfillParts {
  return {
    kind: 'set',
    options: [`  where: ${template(where)},`, ...(guards.size > 0 ? [] : [NO_CATCH_UP])],
    implemented: `SetBackfill<${reference.type}>`,
    body: ['  set() {', '    return {', ...properties(assignments, reference), '    };', '  }'],
    types: ['SetBackfill'],
  };
}

function copyParts(
  { where, assignments, conflict }: MovedInsert,
  source: TableReference,
  target: TableReference,
): BackfillParts {
  const names = conflict.map((column) => `'${target.propertyOf(column)}'`).join(', ');
  return {
    kind: 'copy',
    options: [
      `  into: ${target.entity},`,
      `  conflict: [${names}],`,
      ...(where === undefined ? [] : [`  where: ${template(where)},`]),
      NO_CATCH_UP,
    ],
    implemented: `CopyBackfill<${source.type}, ${target.type}>`,
    body: ['  copy() {', '    return {', ...properties(assignments, target), '    };', '  }'],
    types: ['CopyBackfill'],
    imports: [target.importLine],
  };
}

function properties(
  assignments: readonly { readonly column: string; readonly value: string }[],
  reference: TableReference,
): readonly string[] {
  return assignments.map(({ column, value }) => `      ${reference.propertyOf(column)}: ${template(value)},`);
}

interface ClassParts {
  readonly name: string;
  readonly className: string;
  readonly reference: TableReference;
  readonly parts: BackfillParts;
  readonly notes: readonly string[];
  readonly after: readonly Backfill[];
}

function classCode({ name, className, reference, parts, notes, after }: ClassParts): string {
  const { options, implemented, body = [], types = [], imports = [] } = parts;
  const tenant = TENANT_PROPERTIES.find((property) => reference.properties.includes(property));
  const names = ['Backfill', ...types.map((type) => `type ${type}`)];
  const head = `export class ${className}${implemented === undefined ? '' : ` implements ${implemented}`} {`;
  return [
    `import { ${names.join(', ')} } from 'nestjs-backfill';`,
    ...new Set([reference.importLine, ...imports]),
    '',
    ...notes.map((note) => `// Note: ${note}.`),
    `@Backfill<${reference.type}>({`,
    `  name: '${name}',`,
    `  entity: ${reference.entity},`,
    ...options,
    ...(tenant === undefined ? [] : [`  tenant: '${tenant}',`]),
    ...(after.length === 0 ? [] : [`  dependsOn: [${after.map((each) => `'${each.name}'`).join(', ')}],`]),
    '})',
    ...(body.length === 0 ? [`${head}}`] : [head, ...body, '}']),
    '',
  ].join('\n');
}

/** SQL as a template literal. */
export function template(sql: string): string {
  return `\`${sql.trim().replace(/\\/g, '\\\\').replace(/`/g, '\\`').replace(/\$\{/g, '\\${')}\``;
}
