import { allDoneOnce, JobsProcess, jobsStage, readJobs } from '../../../support/applications/jobs.ts';
import { Pgbouncer } from '../../../support/server/pgbouncer.ts';

const JOBS = 2_000;
const WORKERS = 4;

Pgbouncer.describe('workers behind a pooler in transaction mode with fewer connections than workers', () => {
  const stage = jobsStage(JOBS);
  let bouncer: Pgbouncer;

  beforeAll(async () => {
    bouncer = await Pgbouncer.start({ poolSize: 3 });
  });
  afterAll(() => bouncer?.stop());

  const runTwice = async (name: string) => {
    const pooled = stage.database.at(bouncer.url(stage.database));
    const module = { defaults: { pause: 0, workers: WORKERS, maxWorkers: 2 * WORKERS } };
    const running = [1, 2].map(() => JobsProcess.run(pooled, [name, '--json', '--strict'], module));
    const ended = await Promise.all(running.map((each) => each.ended));
    // A process that starts when every range is leased or done takes no part.
    expect(ended.map(({ code }) => code)).toContain(0);
    const updated = ended.map(({ stdout }) => {
      const { backfills } = JSON.parse(stdout) as { backfills: { updated: number }[] };
      return backfills[0]?.updated ?? 0;
    });
    expect(updated.reduce((sum, rows) => sum + rows, 0)).toBe(JOBS);
    expect(await stage.status(name)).toMatchObject({ status: 'complete' });
  };

  it('change each row once in two processes with one statement per batch', async () => {
    await runTwice('note-jobs');
    expect(await stage.value(`SELECT count(*) FROM jobs WHERE note = 'job ' || id`)).toBe(String(JOBS));
  });

  it('change each row once in two processes with code in a transaction', async () => {
    await runTwice('do-jobs');
    expect(await readJobs(stage.database)).toEqual(allDoneOnce(JOBS));
  });
});
