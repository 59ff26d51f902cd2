import { bare, camelCase, kebabCase, pascalCase } from '../names.js';
import type { Draft, Proposal } from '../proposal.types.js';

const TENANT_PROPERTIES = [
  'tenantId',
  'tenant_id',
  'organizationId',
  'organization_id',
  'workspaceId',
  'accountId',
] as const;
const MAX_NAME_LENGTH = 60;

/** The parts of a backfill class that differ by kind. */
export interface BackfillParts {
  readonly kind: Proposal['kind'];
  /** Words of the name after the table. */
  readonly suffix: readonly string[];
  /** Lines of the decorator's options, after `name` and `entity`. */
  readonly options: readonly string[];
  /** The implemented interface; undefined if there is none. */
  readonly implemented?: string;
  /** Lines of the class. @default [] */
  readonly body?: readonly string[];
  /** Types from `nestjs-backfill`. @default [] */
  readonly types?: readonly string[];
  /** Other import statements. @default [] */
  readonly imports?: readonly string[];
}

export function backfillClass(draft: Draft, parts: BackfillParts): Proposal {
  const name = kebabCase([bare(draft.table), ...parts.suffix].join('-'))
    .slice(0, MAX_NAME_LENGTH)
    .replace(/-+$/, '');
  const className = pascalCase(name);
  const code = [...importLines(draft, parts), '', ...classLines(draft, parts, { name, className }), ''].join(
    '\n',
  );
  return { kind: parts.kind, name, className, fileName: `${name}.backfill.ts`, code };
}

function importLines(
  { entity, entityImport }: Draft,
  { types = [], imports = [] }: BackfillParts,
): readonly string[] {
  const names = ['Backfill', ...types.map((type) => `type ${type}`)];
  return [
    `import { ${names.join(', ')} } from 'nestjs-backfill';`,
    `import { ${entity} } from '${entityImport}';`,
    ...imports,
  ];
}

function classLines(
  { entity, found }: Draft,
  { options, implemented, body = [] }: BackfillParts,
  { name, className }: { readonly name: string; readonly className: string },
): readonly string[] {
  const tenant = TENANT_PROPERTIES.find((property) => found?.properties.includes(property));
  const head = `export class ${className}${implemented === undefined ? '' : ` implements ${implemented}`} {`;
  return [
    `@Backfill<${entity}>({`,
    `  name: '${name}',`,
    `  entity: ${entity},`,
    ...options,
    ...(tenant === undefined ? [] : [`  tenant: '${tenant}',`]),
    '})',
    ...(body.length === 0 ? [`${head}}`] : [head, ...body, '}']),
  ];
}

/** The entity's property for a column. */
export function propertyOf({ found }: Draft, column: string): string {
  return found?.propertyOf.get(column) ?? (found?.properties.includes(column) ? column : camelCase(column));
}

/** SQL as a template literal. */
export function template(sql: string): string {
  return `\`${sql.trim().replace(/\\/g, '\\\\').replace(/`/g, '\\`').replace(/\$\{/g, '\\${')}\``;
}
