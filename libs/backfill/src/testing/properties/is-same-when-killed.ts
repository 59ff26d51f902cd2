import type { RehearsalStage } from '../rehearsal.options.js';
import { assertProved, assertSame, plainRun } from './description.js';

/** More rows add no further cases, but runs. */
const MAX_KILLS = 20;

/**
 * A run in batches of one row that is killed after a batch, and the run that resumes it, change the same as one
 * run. It is tried after each of the first 20 batches.
 *
 * @publicApi
 */
export async function isSameWhenKilled(stage: RehearsalStage): Promise<void> {
  const expected = await plainRun(stage);
  const batches = Math.min(expected.report.updated, MAX_KILLS);
  for (let batch = 1; batch <= batches; batch++) {
    await stage.restore();
    const kill = new AbortController();
    await stage.run({
      batchSize: 1,
      kill: kill.signal,
      observer: {
        progressed: (progress) => {
          if (progress.batches >= batch) kill.abort('killed by the rehearsal');
        },
      },
    });
    const actual = await stage.run({ batchSize: 1 });
    const what = `the run that resumed after a kill at batch ${batch}`;
    await assertProved(stage, actual, what);
    assertSame(stage, { expected, actual, what });
  }
}
