import type { RehearsalStage } from '../rehearsal.options.js';
import { assertProved, assertSame, plainRun } from './description.js';

/** Batches of one row change the same as batches of 200. @publicApi */
export async function isSameInAnyBatchSize(stage: RehearsalStage): Promise<void> {
  const expected = await plainRun(stage);
  await stage.restore();
  const actual = await stage.run({ batchSize: 1 });
  const what = 'a run in batches of 1 instead of 200';
  await assertProved(stage, actual, what);
  assertSame(stage, { expected, actual, what });
}
