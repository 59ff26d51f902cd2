import { setTimeout as delay } from 'node:timers/promises';
import { addJobs, allDoneOnce, JobsProcess, jobsStage, readJobs } from '../../support/jobs.ts';
import { seed, seeded } from '../../support/seeded.ts';

const KILLS = 20;
const SEED = seed();

describe('a process killed with SIGKILL', () => {
  const stage = jobsStage(400);

  it(`at ${KILLS} random instants, and started again each time, has processed every row exactly once (SEED=${SEED})`, async () => {
    const chance = seeded(SEED);
    // Installs the ledger, which the looks below read, and leaves nearly everything to do.
    await stage.run('do-jobs', { maxDurationMs: 1 });
    let kills = 0;
    while (kills < KILLS) {
      const running = JobsProcess.run(stage.database, ['do-jobs'], {
        defaults: { pause: 0, progressEvery: 1 },
      });
      const batches = chance(8);
      // Some die while they start, some between two batches, some in one. Who was done already could not be killed.
      if (batches > 0) await running.printed(`do-jobs: ${batches}0 rows`).catch(() => undefined);
      await delay(chance(batches > 0 ? 20 : 1_000));
      running.child.kill('SIGKILL');
      const { code } = await running.ended;
      if (code === null) kills++;
      const look = await readJobs(stage.database);
      expect({
        counted: look.counted,
        done: look.done,
        distinct: look.distinct,
        astray: look.astray,
      }).toEqual({ counted: look.lines, done: look.lines, distinct: look.lines, astray: 0 });
      // So that there is always something left to be killed in.
      await addJobs(stage.database, 100);
    }
    const { code } = await JobsProcess.run(stage.database, ['do-jobs', '--strict']).ended;
    expect(code).toBe(0);
    const [jobs] = await stage.query<{ count: number }>('SELECT count(*)::int FROM jobs');
    expect(await readJobs(stage.database)).toEqual(allDoneOnce(jobs?.count ?? 0));
  }, 180_000);
});
