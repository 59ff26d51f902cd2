import type { FactoryProvider } from '@nestjs/common';
import { INDEX_DIRECTORY, type IndexDirectory } from '../../backfills/declare/index.directory.js';
import { IndexExplorer } from '../../indexes/declare/index.explorer.js';

/** Lists the declared indexes for the backfills. The two phases do not import each other. */
export const indexDirectoryProvider: FactoryProvider<IndexDirectory> = {
  provide: INDEX_DIRECTORY,
  inject: [IndexExplorer],
  useFactory: (explorer: IndexExplorer) => ({
    indexes: () =>
      explorer.explore().map(({ type, options: { name, entity, build = 'before', requires = [] } }) => ({
        name,
        entity,
        build: requires.length > 0 ? ('after' as const) : build,
        declaredBy: type,
      })),
  }),
};
