import type { DataSource, EntityTarget, ObjectLiteral } from 'typeorm';
import type { EntityMetadata } from 'typeorm/metadata/EntityMetadata.js';
import { UnknownEntityError } from '../../declare/errors/entity.error.js';

/** The entity that an option names, and the data source that must have it. */
export interface EntityReference {
  readonly option: 'entity' | 'into';
  readonly entity: EntityTarget<ObjectLiteral> | undefined;
  readonly dataSource: DataSource;
  readonly dataSourceName: string;
}

/** @throws UnknownEntityError */
export function resolveEntity(
  className: string,
  { option, entity, dataSource, dataSourceName }: EntityReference,
): EntityMetadata {
  if (entity !== undefined && dataSource.hasMetadata(entity)) return dataSource.getMetadata(entity);
  throw new UnknownEntityError(className, option, nameOf(entity), dataSourceName);
}

/** The target is a class, an EntitySchema or a name. */
function nameOf(entity: EntityReference['entity']): string {
  if (typeof entity !== 'object') return typeof entity === 'function' ? entity.name : String(entity);
  return 'options' in entity ? entity.options.name : entity.name;
}
