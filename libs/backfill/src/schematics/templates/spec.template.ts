import type { EntityClass } from '../application/entity.types.js';
import { hasPendingRows, keptValue, pendingValue, writtenValue, type BackfillPlan } from './backfill.plan.js';
import { keySample, neededParents, sampleRow, sampleText } from './row.samples.js';

/** What the spec depends on besides its backfill. */
export interface SpecParts {
  /** Every entity of the application, by the name of the class. */
  readonly entities: ReadonlyMap<string, EntityClass>;
  readonly importOf: (file: string) => string;
  readonly backfillFile: string;
  readonly runner: 'jest' | 'vitest';
  /** The naming strategy of the application's data source, with its import. */
  readonly namingStrategy: { readonly name: string; readonly from: string } | undefined;
}

/** A spec that rehearses the backfill on rows of its own, with a data source of its own. */
export function specSource(plan: BackfillPlan, parts: SpecParts): string {
  const { className } = plan;
  const known = relatedEntities(plan, parts.entities);
  return `${importLines(plan, parts, known).join('\n')}

/** A limit that only detects a hang: the first test starts a server. */
const LIMIT_MS = 120_000;

describe('${className}', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await testDatabase();
  }, LIMIT_MS);

  afterAll(() => database?.drop(), LIMIT_MS);

  it(
    'changes the pending rows, and keeps the promises of a backfill',
    async () => {
      const rehearsal = await rehearse(${className}, {
        imports: [
          TypeOrmModule.forRoot({
            type: 'postgres',
            url: database.url,
            entities: [${known.map(({ name }) => name).join(', ')}],${namingLine(parts)}
          }),
          BackfillModule.forRoot(),
        ],
        providers: [${className}],
        prepare: (dataSource) => dataSource.synchronize(),${setUpLines(plan, parts)}
        rows: [${rowLines(plan)}
        ],
      });

${expectationLines(plan)}
    },
    LIMIT_MS,
  );
});
`;
}

function importLines(
  plan: BackfillPlan,
  { runner, importOf, backfillFile, namingStrategy }: SpecParts,
  known: readonly EntityClass[],
): string[] {
  return [
    `import { TypeOrmModule } from '@nestjs/typeorm';`,
    `import { BackfillModule } from 'nestjs-backfill';`,
    `import { rehearse, testDatabase, type TestDatabase } from 'nestjs-backfill/testing';`,
    ...(namingStrategy ? [`import { ${namingStrategy.name} } from '${namingStrategy.from}';`] : []),
    ...(runner === 'vitest' ? [`import { afterAll, beforeAll, describe, expect, it } from 'vitest';`] : []),
    ...known.map(({ name, file }) => `import { ${name} } from '${importOf(file)}';`),
    `import { ${plan.className} } from '${importOf(backfillFile)}';`,
  ];
}

function namingLine({ namingStrategy }: SpecParts): string {
  return namingStrategy ? `\n            namingStrategy: new ${namingStrategy.name}(),` : '';
}

/** The entity, the one that rows are copied into, and every entity that a relation leads to. */
function relatedEntities(
  { entity, into }: BackfillPlan,
  entities: ReadonlyMap<string, EntityClass>,
): readonly EntityClass[] {
  const found = new Set<EntityClass>();
  const queue = [entity, ...(into ? [into] : [])];
  for (let each = queue.shift(); each; each = queue.shift()) {
    if (found.has(each)) continue;
    found.add(each);
    for (const { target } of each.properties) {
      const related = target === undefined ? undefined : entities.get(target);
      if (related) queue.push(related);
    }
  }
  return [...found];
}

/** Inserts a row of each table that the rows of the entity refer to, and before it those that it refers to. */
function setUpLines({ entity }: BackfillPlan, { entities }: SpecParts): string {
  const parents: EntityClass[] = [];
  const add = (name: string): void => {
    const parent = entities.get(name);
    if (!parent || parent === entity || parents.includes(parent)) return;
    for (const needed of neededParents(parent)) if (needed !== name) add(needed);
    parents.push(parent);
  };
  for (const name of neededParents(entity)) add(name);
  if (parents.length === 0) return '';
  const lines = parents.map((parent) => {
    const { code, unknown } = sampleRow(parent, 1);
    return `${todo(unknown, '          ')}\n          await dataSource.getRepository('${parent.name}').insert(${code});`;
  });
  return `\n        setUp: async (dataSource) => {${lines.join('')}\n        },`;
}

function rowLines(plan: BackfillPlan): string {
  const { entity, property } = plan;
  const name = property?.name;
  const own = (value: string | undefined) => (name === undefined ? {} : { [name]: value });
  const pending = sampleRow(entity, 1, own(pendingValue(plan)));
  const kept = keptValue(plan);
  const isFilter =
    plan.kind !== 'copy' && hasPendingRows(plan) && (kept !== undefined || plan.kind === 'purge');
  const rows =
    isFilter && property?.literal === undefined ? [pending, sampleRow(entity, 2, own(kept))] : [pending];
  return [todo(pending.unknown, '          '), ...rows.map(({ code }) => `\n          ${code},`)].join('');
}

function todo(unknown: readonly string[], indent: string): string {
  return unknown.map((name) => `\n${indent}// TODO: a value of ${name}`).join('');
}

function expectationLines(plan: BackfillPlan): string {
  if (!hasPendingRows(plan))
    return `      // TODO: no row is pending as long as \`where\` is false. Then: await rehearsal.holds();
      expect(rehearsal.changes).toEqual([]);`;
  return `      expect(rehearsal.changes).${expectedChange(plan)};
      await rehearsal.holds();`;
}

function expectedChange(plan: BackfillPlan): string {
  const { entity, property, kind } = plan;
  const value = writtenValue(plan);
  const [key] = entity.properties.filter(({ role }) => role === 'key');
  const id = key ? keySample(key, 1) : undefined;
  const isExact = property !== undefined && ['text', 'integer', 'boolean'].includes(property.type);
  if (kind === 'copy' || kind === 'purge' || !isExact || !key || id === undefined || value === null)
    return 'toHaveLength(1)';
  const source = kind === 'set' || kind === 'transform' ? value.source : undefined;
  const after = source ? `'${sampleText(source, 1).toLowerCase()}'` : value.code;
  return `toEqual([
        { ${key.name}: ${id}, before: { ${property.name}: ${pendingValue(plan) ?? 'null'} }, after: { ${property.name}: ${after} } },
      ])`;
}
