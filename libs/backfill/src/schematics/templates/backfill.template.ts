import type { EntityProperty } from '../application/entity.types.js';
import { camelCase, plural } from '../names.js';
import { SchematicError } from '../schematic.error.js';
import { pendingCondition, writtenValue, type BackfillPlan } from './backfill.plan.js';

const TODO_WHERE = '// TODO: which rows are pending. No row is, as long as this is false.';
const TODO_VALUE = '// TODO: the new value. It must make `where` false.';

/** The parts of the file of a class: what it imports, its options, and its declaration. */
interface ClassParts {
  readonly types: readonly string[];
  readonly typeorm: readonly string[];
  readonly options: readonly string[];
  readonly declaration: string;
}

/** The source of the class. @param importOf the path of an import of a file */
export function backfillSource(plan: BackfillPlan, importOf: (file: string) => string): string {
  const { entity, into, className, name } = plan;
  const condition = pendingCondition(plan);
  const parts = PARTS[plan.kind](plan);
  const typeorm = [...parts.typeorm, ...(plan.kind === 'copy' ? [] : condition.imports)].sort(byName);
  const where =
    plan.kind === 'copy'
      ? []
      : [...(condition.code === `'false'` ? [TODO_WHERE] : []), `where: ${condition.code},`];
  const lines = [`name: '${name}',`, `entity: ${entity.name},`, ...where, ...parts.options];
  const entities = [entity, ...(into && into !== entity ? [into] : [])];
  return [
    `import { ${['Backfill', ...parts.types.map((each) => `type ${each}`)].join(', ')} } from 'nestjs-backfill';`,
    ...(typeorm.length > 0 ? [`import { ${typeorm.join(', ')} } from 'typeorm';`] : []),
    ...entities.map((each) => `import { ${each.name} } from '${importOf(each.file)}';`),
    '',
    `@Backfill<${entity.name}>({`,
    ...lines.map((line) => `  ${line}`),
    '})',
    `export class ${className}${parts.declaration}`,
    '',
  ].join('\n');
}

const byName = (a: string, b: string): number => (a.replace('type ', '') < b.replace('type ', '') ? -1 : 1);

const PARTS: Readonly<Record<BackfillPlan['kind'], (plan: BackfillPlan) => ClassParts>> = {
  set: setParts,
  transform: transformParts,
  copy: copyParts,
  purge: () => ({ types: [], typeorm: [], options: [`kind: 'purge',`], declaration: ' {}' }),
  process: processParts,
};

function setParts(plan: BackfillPlan): ClassParts {
  const { entity, property } = plan;
  const row = camelCase(entity.name);
  const value = writtenValue(plan);
  const written = property?.name ?? firstWritable(plan);
  const sql = value?.source
    ? `lower(\${${row}.${value.source.name}})`
    : (value?.sql ?? `\${${row}.${written}}`);
  const usesRow = sql.includes('${');
  return {
    types: [...(usesRow ? ['RowColumns'] : []), 'SetBackfill'],
    typeorm: [],
    options: [],
    declaration: ` implements SetBackfill<${entity.name}> {
  set(${usesRow ? `${row}: RowColumns<${entity.name}>` : ''}) {
    ${TODO_VALUE}
    return { ${written}: \`${sql}\` };
  }
}`,
  };
}

function transformParts(plan: BackfillPlan): ClassParts {
  const { entity, property } = plan;
  const value = writtenValue(plan);
  const written = property?.name ?? firstWritable(plan);
  const read = value?.source?.name ?? (value ? keyOf(plan).name : written);
  const code = value?.source ? `${read}.toLowerCase()` : (value?.code ?? read);
  const parameter = code.includes(read) ? `({ ${read} })` : '()';
  const rows = plural(camelCase(entity.name));
  return {
    types: ['TransformBackfill'],
    typeorm: [],
    options: [`reads: ['${read}'],`, `writes: ['${written}'],`],
    declaration: ` implements TransformBackfill<${entity.name}, '${read}'> {
  transform(${rows}: readonly Pick<${entity.name}, '${read}'>[]) {
    ${TODO_VALUE}
    return ${rows}.map(${parameter} => ({ ${written}: ${code} }));
  }
}`,
  };
}

function copyParts({ entity, into }: BackfillPlan): ClassParts {
  const target = into ?? entity;
  const row = camelCase(entity.name);
  const shared = target.properties
    .filter(({ role }) => role === 'column' || role === 'key')
    .filter(
      ({ name, isRequired, role }) =>
        entity.properties.some((each) => each.name === name) && (isRequired || role === 'key'),
    );
  const missing = target.properties.filter(
    ({ isRequired, role, name }) =>
      isRequired && role !== 'relation' && shared.every((each) => each.name !== name),
  );
  const todo = missing.map(({ name }) => `\n      // TODO: ${name}`).join('');
  return {
    types: ['CopyBackfill', 'RowColumns'],
    typeorm: [],
    options: [`into: ${target.name},`],
    declaration: ` implements CopyBackfill<${entity.name}, ${target.name}> {
  copy(${row}: RowColumns<${entity.name}>) {
    return {${shared.map(({ name }) => `\n      ${name}: ${row}.${name},`).join('')}${todo}
    };
  }
}`,
  };
}

function processParts(plan: BackfillPlan): ClassParts {
  const { entity, property } = plan;
  const key = keyOf(plan).name;
  const keys = `${key}s`;
  const value = writtenValue(plan);
  const change = property && value ? `{ ${property.name}: ${value.code} }` : '{}';
  return {
    types: ['ProcessBackfill', 'ProcessBatch'],
    typeorm: ['type EntityManager'],
    options: [],
    declaration: ` implements ProcessBackfill<${entity.name}, '${key}'> {
  async process({ rows }: ProcessBatch<${entity.name}, '${key}'>, manager: EntityManager) {
    ${TODO_VALUE}
    const ${keys} = rows.map(({ ${key} }) => ${key});
    await manager.update(${entity.name}, ${keys}, ${change});
  }
}`,
  };
}

function keyOf({ entity }: BackfillPlan): Pick<EntityProperty, 'name'> {
  return entity.properties.find(({ role }) => role === 'key') ?? { name: 'id' };
}

/** A property that a change may write, for a name that says none. */
function firstWritable({ entity }: BackfillPlan): string {
  const roles = ['column', 'relation', 'deleted', 'date'] as const;
  const [first] = roles.flatMap((role) => entity.properties.filter((each) => each.role === role));
  if (first) return first.name;
  throw new SchematicError(
    entity.name,
    'it has no column besides its key, and a key cannot be changed',
    'Give --type purge, or --type copy with a name such as `leads-to-archived-leads`.',
  );
}
