import { maxPoolConnections } from '../../../postgres/pool.guard.js';
import type { BackfillDefinition } from '../../definition/definition.js';

/** The warning for a backfill with more workers than its data source opens connections; null if there are enough. */
export function describePoolShortage({ pace, dataSource }: BackfillDefinition): string | null {
  const max = maxPoolConnections(dataSource);
  if (max === undefined || pace.workers <= max) return null;
  return (
    `It has ${pace.workers} workers, but the pool of its data source opens at most ${max} connections: ` +
    `the other workers cannot start. Set \`poolSize: ${pace.workers + 2}\` in the TypeORM data source, or fewer \`workers\`.`
  );
}
