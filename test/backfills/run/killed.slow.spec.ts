import { setTimeout as delay } from 'node:timers/promises';
import { addJobs, allDoneOnce, JobsProcess, jobsStage, readJobs } from '../../support/applications/jobs.ts';
import { seed, seededRandom } from '../../support/runs/seeded-random.ts';

const KILLS = 20;
/** Each kill starts a process. The limit only detects a hang. */
const MAX_TEST_MS = 900_000;
const SEED = seed();

describe('a run in a process killed with SIGKILL', () => {
  const stage = jobsStage(400);

  it(
    `changes every row exactly once after ${KILLS} kills at random instants, each with a restart (SEED=${SEED})`,
    async () => {
      const chance = seededRandom(SEED);
      // Installs the ledger, which the checks below read, and leaves nearly every row pending.
      await stage.run('do-jobs', { maxDurationMs: 1 });
      let kills = 0;
      while (kills < KILLS) {
        const running = JobsProcess.run(stage.database, ['do-jobs'], {
          defaults: { pause: 0, progressEvery: 1 },
        });
        const batches = chance(8);
        // Some processes are killed at start-up, some between two batches, some within a batch. A process
        // that has already finished is not counted.
        if (batches > 0) await running.printed(`do-jobs: ${batches}0 rows`).catch(() => undefined);
        await delay(chance(batches > 0 ? 20 : 1_000));
        running.child.kill('SIGKILL');
        const { code } = await running.ended;
        if (code === null) kills++;
        const state = await readJobs(stage.database);
        expect({
          counted: state.counted,
          done: state.done,
          distinct: state.distinct,
          astray: state.astray,
        }).toEqual({ counted: state.lines, done: state.lines, distinct: state.lines, astray: 0 });
        // The next process must have rows left to work on.
        await addJobs(stage.database, 100);
      }
      const { code } = await JobsProcess.run(stage.database, ['do-jobs', '--strict']).ended;
      expect(code).toBe(0);
      const [jobs] = await stage.query<{ count: number }>('SELECT count(*)::int FROM jobs');
      expect(await readJobs(stage.database)).toEqual(allDoneOnce(jobs?.count ?? 0));
    },
    MAX_TEST_MS,
  );
});
