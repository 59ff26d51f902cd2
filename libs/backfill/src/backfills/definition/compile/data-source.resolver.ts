import type { DataSource } from 'typeorm';
import { UnknownDataSourceError, UnsupportedDatabaseError } from '../../declare/errors/data-source.error.js';

/** @throws UnknownDataSourceError, UnsupportedDatabaseError */
export function resolveDataSource(
  className: string,
  name: string,
  known: ReadonlyMap<string, DataSource>,
): DataSource {
  const dataSource = known.get(name);
  if (!dataSource) throw new UnknownDataSourceError(className, name, [...known.keys()]);
  const { type } = dataSource.options;
  if (type !== 'postgres') throw new UnsupportedDatabaseError(className, name, type);
  return dataSource;
}
