import { isDeepStrictEqual } from 'node:util';
import type { DataSource, ObjectLiteral } from 'typeorm';
import type { EntityMetadata } from 'typeorm/metadata/EntityMetadata.js';
import type { RowChange } from '../rehearsal.options.js';

type Entities = ReadonlyMap<string, ObjectLiteral>;
type Values = Readonly<Record<string, unknown>>;

/** All rows of an entity as TypeORM reads them, also those that are deleted softly, with every column. */
export async function readEntities(dataSource: DataSource, metadata: EntityMetadata): Promise<Entities> {
  const entities = await dataSource
    .getRepository(metadata.target)
    .createQueryBuilder('row')
    .withDeleted()
    .select(metadata.columns.map(({ propertyPath }) => `row.${propertyPath}`))
    .getMany();
  return new Map(entities.map((entity) => [JSON.stringify(keyOf(metadata, entity)), entity]));
}

export function rowChanges(metadata: EntityMetadata, before: Entities, after: Entities): RowChange[] {
  const keys = [...new Set([...before.keys(), ...after.keys()])];
  return keys.flatMap((key) => {
    const [old, now] = [before.get(key), after.get(key)];
    const existing = now ?? old;
    if (!existing) return [];
    const [oldValues, newValues] = [valuesOf(metadata, old), valuesOf(metadata, now)];
    const differing = Object.keys(oldValues ?? newValues ?? {}).filter(
      (property) => !isDeepStrictEqual(oldValues?.[property], newValues?.[property]),
    );
    if (old && now && differing.length === 0) return [];
    const change = { before: pick(oldValues, differing), after: pick(newValues, differing) };
    return [{ ...keyOf(metadata, existing), ...change }];
  });
}

function keyOf({ primaryColumns }: EntityMetadata, entity: ObjectLiteral): Values {
  return Object.fromEntries(
    primaryColumns.map((column) => [column.propertyPath, column.getEntityValue(entity) as unknown]),
  );
}

function valuesOf({ columns }: EntityMetadata, entity: ObjectLiteral | undefined): Values | null {
  if (!entity) return null;
  const others = columns.filter(({ isPrimary }) => !isPrimary);
  return Object.fromEntries(
    others.map((column) => [column.propertyPath, column.getEntityValue(entity) as unknown]),
  );
}

function pick(values: Values | null, properties: readonly string[]): Values | null {
  return values && Object.fromEntries(properties.map((property) => [property, values[property]]));
}
