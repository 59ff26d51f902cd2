import type { DataSource, EntityMetadata } from 'typeorm';
import { InvalidBackfillOptionError } from '../../../options/option.error.js';
import { UndeclaredIndexError } from '../../declare/errors/index-reference.error.js';
import type { IndexDirectory, IndexReference, KnownIndex } from '../../declare/index.directory.js';
import type { PendingIndex } from '../definition.js';

/** The entity and the data source of the backfill, and the declared indexes. */
export interface IndexContext {
  readonly metadata: EntityMetadata;
  readonly dataSource: DataSource;
  readonly directory: IndexDirectory;
}

/**
 * @returns null without a reference
 * @throws UndeclaredIndexError, InvalidBackfillOptionError
 */
export function resolveIndex(
  className: string,
  reference: IndexReference | undefined,
  { metadata, dataSource, directory }: IndexContext,
): PendingIndex | null {
  if (reference === undefined) return null;
  const index = find(className, reference, directory.indexes());
  if (tableOf(dataSource, index) !== metadata.tablePath) {
    throw new InvalidBackfillOptionError(
      className,
      'index',
      `names the index "${index.name}", which is on another table than ${metadata.name}`,
      `Name an index that is declared on ${metadata.name}, the entity whose rows are pending.`,
    );
  }
  return { name: index.name, build: index.build };
}

function find(className: string, reference: IndexReference, declared: readonly KnownIndex[]): KnownIndex {
  if (typeof reference !== 'string' && typeof reference !== 'function') {
    throw new InvalidBackfillOptionError(
      className,
      'index',
      `is ${JSON.stringify(reference)}`,
      'Give the class that is decorated with @OnlineIndex, or the name of its index.',
    );
  }
  const found = declared.find(({ name, declaredBy }) => name === reference || declaredBy === reference);
  if (found) return found;
  throw new UndeclaredIndexError(
    className,
    typeof reference === 'string' ? `"${reference}"` : reference.name,
    declared.map(({ name }) => name),
  );
}

/** Null when the data source does not have the index's entity. */
function tableOf(dataSource: DataSource, { entity }: KnownIndex): string | null {
  return dataSource.hasMetadata(entity) ? dataSource.getMetadata(entity).tablePath : null;
}
