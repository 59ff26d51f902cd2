import type { DataSource, EntityMetadata, EntityTarget, ObjectLiteral } from 'typeorm';
import { InvalidBackfillOptionError, UndeclaredIndexError } from './declaration.error.js';

/** The class that declares an index, or the index's name. */
export type IndexReference = string | (abstract new (...parameters: never[]) => object);

/** A declared index, as far as a backfill needs it. */
export interface KnownIndex {
  readonly name: string;
  /** The class that declares it. */
  readonly declaredBy: unknown;
  readonly entity: EntityTarget<ObjectLiteral>;
}

/** The declared indexes; the phases do not know each other, so the module hands them in. */
export interface IndexDirectory {
  indexes(): readonly KnownIndex[];
}

/** The token of an `IndexDirectory`. */
export const INDEX_DIRECTORY = Symbol('nestjs-backfill:index-directory');

/**
 * The name of the index that a backfill refers to, null for none.
 *
 * @throws UndeclaredIndexError, InvalidBackfillOptionError
 */
export function resolveIndex(
  className: string,
  reference: IndexReference | undefined,
  metadata: EntityMetadata,
  dataSource: DataSource,
  directory: IndexDirectory,
): string | null {
  if (reference === undefined) return null;
  if (typeof reference !== 'string' && typeof reference !== 'function') {
    throw new InvalidBackfillOptionError(
      className,
      'index',
      `is ${JSON.stringify(reference)}`,
      'Give the class that is decorated with @OnlineIndex, or the name of its index.',
    );
  }
  const known = directory.indexes();
  const found = known.find(({ name, declaredBy }) => name === reference || declaredBy === reference);
  if (!found) {
    throw new UndeclaredIndexError(
      className,
      typeof reference === 'string' ? `"${reference}"` : reference.name,
      known.map(({ name }) => name),
    );
  }
  if (!dataSource.hasMetadata(found.entity) || tableOf(dataSource, found) !== metadata.tablePath) {
    throw new InvalidBackfillOptionError(
      className,
      'index',
      `names the index "${found.name}", which is on another table than ${metadata.name}`,
      `Name an index that is declared on ${metadata.name}, the entity whose rows are pending.`,
    );
  }
  return found.name;
}

function tableOf(dataSource: DataSource, { entity }: KnownIndex): string {
  return dataSource.getMetadata(entity).tablePath;
}
