import type { BackfillReport } from '../report/report.js';
import type { BackfillDefinition } from './definition/definition.js';
import type { StopSignal } from './run/stop/stop-signal.js';
import { sumReports } from './run/tenants/report.sum.js';

/** Runs one backfill once, until it ends or must stop. */
export type RunOne = (definition: BackfillDefinition, stop: StopSignal) => Promise<BackfillReport>;

/**
 * Runs the backfills one after the other. Under a time limit, each has an equal share of the time that is left. What
 * the finished ones did not use is shared among the others, until the limit: one slow backfill does not keep the
 * others from their turn.
 */
export async function runInTurns(
  definitions: readonly BackfillDefinition[],
  stop: StopSignal,
  runOne: RunOne,
): Promise<BackfillReport[]> {
  const reports = new Map<BackfillDefinition, BackfillReport[]>();
  let waiting = definitions;
  do {
    const unfinished: BackfillDefinition[] = [];
    for (const [at, definition] of waiting.entries()) {
      const turn = turnOf(stop, waiting.length - at);
      const report = await runOne(definition, turn);
      reports.set(definition, [...(reports.get(definition) ?? []), report]);
      if (turn !== stop && report.status === 'incomplete' && turn.reason !== null)
        unfinished.push(definition);
    }
    waiting = unfinished;
  } while (waiting.length > 0 && stop.reason === null);
  return definitions.flatMap((definition) => {
    const ofBackfill = reports.get(definition) ?? [];
    const last = ofBackfill.at(-1);
    return last ? [ofBackfill.length === 1 ? last : sumReports(ofBackfill.slice(0, -1), last)] : [];
  });
}

/** @param sharers the number of backfills that share the time that is left */
function turnOf(stop: StopSignal, sharers: number): StopSignal {
  const { remainingMs } = stop;
  return remainingMs === null || sharers === 1 ? stop : stop.forTurn(remainingMs / sharers);
}

/**
 * The backfills in their order, except that those with these names come first.
 *
 * @param first with everything that they depend on
 */
export function requiredFirst(
  definitions: readonly BackfillDefinition[],
  first: ReadonlySet<string>,
): BackfillDefinition[] {
  const isFirst = ({ name }: BackfillDefinition) => first.has(name);
  return [...definitions.filter(isFirst), ...definitions.filter((definition) => !isFirst(definition))];
}
