import { RehearsalError } from '../rehearsal.error.js';
import type { RehearsalStage, StoredChange } from '../rehearsal.options.js';
import { describeChange, plainRun } from './description.js';

/**
 * A run changes only pending rows, in these only the columns that the backfill declares (`set` and `transform`),
 * and no other table (except for `process`).
 *
 * @publicApi
 */
export async function leavesTheRestAlone(stage: RehearsalStage): Promise<void> {
  const pending = new Set(await stage.pendingKeys());
  const { changes } = await plainRun(stage);
  for (const change of changes) {
    const problem = problemOf(stage, change, pending);
    if (problem !== undefined)
      throw new RehearsalError(
        stage.subject,
        `it does not leave the rest alone. ${describeChange(change)}: ${problem}.`,
        'If a trigger does this on purpose, name the column in `alsoChanges`.',
      );
  }
}

function problemOf(
  { table, tables, writes }: RehearsalStage,
  change: StoredChange,
  pending: ReadonlySet<string>,
): string | undefined {
  if (tables && !tables.includes(change.table)) return `the backfill may change ${tables.join(', ')} only`;
  if (change.table !== table) return undefined;
  if (change.before && !pending.has(change.key)) return 'the row was not pending';
  const others = Object.keys(change.after ?? {}).filter((column) => writes && !writes.includes(column));
  return others.length > 0 ? `the backfill does not write ${others.join(', ')}` : undefined;
}
