import type { BackfillReport } from '../report/report.js';
import type { BackfillDefinition } from './definition/definition.js';
import type { StopSignal } from './run/stop/stop-signal.js';
import { sumReports } from './run/tenants/report.sum.js';

/**
 * Runs one backfill once, until it ends or must stop.
 *
 * @param end `reported`: it passes its report to the observer; `held`: it does not, because it may be one of several
 *   turns
 */
export type RunOne = (
  definition: BackfillDefinition,
  stop: StopSignal,
  end: 'reported' | 'held',
) => Promise<BackfillReport>;

/**
 * Runs the backfills one after the other. Under a time limit, each has an equal share of the time that is left. What
 * the finished ones did not use is shared among the others, until the limit: one slow backfill does not keep the
 * others from their turn.
 *
 * @param finished called once for each backfill whose runs held their end, with the sum of its turns
 */
export async function runInTurns(
  definitions: readonly BackfillDefinition[],
  stop: StopSignal,
  runOne: RunOne,
  finished: (report: BackfillReport) => void,
): Promise<BackfillReport[]> {
  const reports = new Map<BackfillDefinition, BackfillReport>();
  let waiting = definitions;
  do {
    const unfinished: BackfillDefinition[] = [];
    for (const [at, definition] of waiting.entries()) {
      const turn = turnOf(stop, waiting.length - at);
      const earlier = reports.get(definition);
      const end = turn === stop && !earlier ? 'reported' : 'held';
      const last = await runOne(definition, turn, end);
      const report = earlier ? sumReports([earlier], last) : last;
      reports.set(definition, report);
      if (turn !== stop && last.status === 'incomplete' && turn.reason !== null) unfinished.push(definition);
      else if (end === 'held') finished(report);
    }
    waiting = unfinished;
  } while (waiting.length > 0 && stop.reason === null);
  const all = definitions.flatMap((definition) => reports.get(definition) ?? []);
  for (const definition of waiting) finished(reports.get(definition) as BackfillReport);
  return all;
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
