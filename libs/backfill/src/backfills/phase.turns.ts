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

/** A shorter turn only starts and stops a run, so the last one lasts until the limit. */
const MIN_TURN_MS = 10;

/**
 * Runs the backfills one after the other. Under a time limit, each has an equal share of the time that is left. What
 * the finished ones did not use is shared among the others, until the limit: one slow backfill does not keep the
 * others from their turn. A backfill that depends on others has no share before their last turn; then it runs, if time
 * is left.
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
  const open = new Set(definitions.map(({ name }) => name));
  const runTurn = async (definition: BackfillDefinition, turn: StopSignal) => {
    const earlier = reports.get(definition);
    const end = turn === stop && !earlier ? 'reported' : 'held';
    const last = await runOne(definition, turn, end);
    const report = earlier ? sumReports([earlier], last) : last;
    reports.set(definition, report);
    const isUnfinished = turn !== stop && last.status === 'incomplete' && turn.reason !== null;
    if (isUnfinished) return;
    open.delete(definition.name);
    if (end === 'held') finished(report);
  };
  let waiting = definitions;
  do {
    // They get their share in the next round.
    let skipped = 0;
    for (const [at, definition] of waiting.entries()) {
      if (stop.remainingMs !== null && isHeldBack(definition, open)) {
        skipped++;
        continue;
      }
      const sharers = waiting.slice(at).filter((each) => !isHeldBack(each, open));
      await runTurn(definition, turnOf(stop, sharers.length + skipped));
    }
    waiting = waiting.filter(({ name }) => open.has(name));
  } while (waiting.length > 0 && stop.reason === null);
  for (const definition of waiting) {
    const report = reports.get(definition);
    if (report) finished(report);
    // It had no turn, because it depends on another one that is not complete. It reports that.
    else await runTurn(definition, stop);
  }
  return definitions.flatMap((definition) => reports.get(definition) ?? []);
}

/** Whether a backfill cannot run yet, because it depends on another one that has not had its last turn. */
function isHeldBack({ dependsOn }: BackfillDefinition, open: ReadonlySet<string>): boolean {
  return dependsOn.some((name) => open.has(name));
}

/** @param sharers the number of backfills that share the time that is left, with this one */
function turnOf(stop: StopSignal, sharers: number): StopSignal {
  const { remainingMs } = stop;
  const isWhole = remainingMs === null || sharers === 1 || remainingMs / sharers < MIN_TURN_MS;
  return isWhole ? stop : stop.forTurn(remainingMs / sharers);
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
