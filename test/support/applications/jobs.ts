import type { BackfillModuleOptions } from 'nestjs-backfill';
import { DoJobs, Job, JobLog, NoteJobs } from '../../fixtures/jobs-app/jobs.mjs';
import type { TestDatabase } from '../server/database.ts';
import { FixtureApp, type RunningProcess } from './fixture-app.ts';
import { inTestedOrder } from './order.ts';
import { Stage, type StageOptions } from './stage.ts';

export { DoJobs, Job, JobLog, NoteJobs };

/** The content of the ledger and of the tables, read in one snapshot. */
export interface JobsState {
  readonly jobs: number;
  readonly done: number;
  /** Lines that `do-jobs` wrote to its log. */
  readonly lines: number;
  readonly distinct: number;
  /** Rows that the ledger counts as updated. */
  readonly counted: number;
  /** Jobs that are done above the cursor of their range of keys, or not done below it. */
  readonly astray: number;
}

/** The application of test/fixtures/jobs-app in this process, over `count` jobs. */
export function jobsStage(count: number, options: Partial<StageOptions> = {}): Stage {
  return Stage.for({
    entities: [Job, JobLog],
    backfills: [DoJobs, NoteJobs],
    prepare: (database) => addJobs(database, count),
    ...options,
  });
}

/** The same application as a process of its own, in one-shot mode or as a service. */
export class JobsProcess {
  static readonly #app = new FixtureApp('jobs-app', 'main.mjs');

  static run(
    database: TestDatabase,
    parameters: readonly string[],
    module: BackfillModuleOptions = { defaults: { pause: 0 } },
    env: NodeJS.ProcessEnv = {},
  ): RunningProcess {
    return JobsProcess.command(database, ['--backfill', ...parameters, '--no-progress'], module, env);
  }

  /** Passes the arguments unchanged, e.g. `--pause do-jobs`. */
  static command(
    database: TestDatabase,
    parameters: readonly string[],
    module: BackfillModuleOptions = {},
    env: NodeJS.ProcessEnv = {},
  ): RunningProcess {
    return JobsProcess.#app.node(parameters, {
      DATABASE_URL: database.url,
      BACKFILL_MODULE: JSON.stringify(inTestedOrder(module)),
      ...env,
    });
  }

  /** Runs as a service until it gets a signal. */
  static serve(database: TestDatabase, module: BackfillModuleOptions): RunningProcess {
    return JobsProcess.#app.node([], {
      DATABASE_URL: database.url,
      BACKFILL_MODULE: JSON.stringify(inTestedOrder(module)),
    });
  }
}

export async function addJobs(database: TestDatabase, count: number): Promise<void> {
  await database.query('INSERT INTO jobs (note) SELECT NULL FROM generate_series(1, $1::int)', [count]);
}

/** Empties the tables and the ledger for the next test of the file. */
export async function resetJobs(database: TestDatabase, count: number): Promise<void> {
  DoJobs.before = () => undefined;
  await database.query(`TRUNCATE jobs, job_log RESTART IDENTITY;
    DO $$ BEGIN
      IF to_regclass('nestjs_backfill.range') IS NOT NULL THEN
        TRUNCATE nestjs_backfill.backfill, nestjs_backfill.control, nestjs_backfill.tenant_progress, nestjs_backfill.quarantined_row CASCADE;
      END IF;
    END $$`);
  await addJobs(database, count);
}

/** Reads what `do-jobs` has done. */
export async function readJobs(database: TestDatabase): Promise<JobsState> {
  const [row] = await database.query<{ state: JobsState }>(`
    SELECT json_build_object(
      'jobs', (SELECT count(*) FROM jobs),
      'done', (SELECT count(*) FROM jobs WHERE done_at IS NOT NULL),
      'lines', (SELECT count(*) FROM job_log),
      'distinct', (SELECT count(DISTINCT job_id) FROM job_log),
      'counted', (SELECT coalesce(sum(updated), 0) FROM nestjs_backfill.range WHERE name = 'do-jobs'),
      'astray', (SELECT count(*) FROM jobs, nestjs_backfill.range AS r
        WHERE r.name = 'do-jobs' AND r.state = 'sweeping' AND r.file_node IS NULL AND jobs.id > coalesce(CASE WHEN r.file_node IS NULL THEN (r.lower_key ->> 0)::bigint END, 0)
          AND (jobs.done_at IS NOT NULL) <> (jobs.id <= coalesce(CASE WHEN r.file_node IS NULL THEN (r.cursor_key ->> 0)::bigint END, 0)))
    ) AS state`);
  if (!row) throw new Error('A SELECT without FROM always returns one row.');
  return row.state;
}

/** The state in which each job is done exactly once and the ledger has counted it. */
export function allDoneOnce(jobs: number): JobsState {
  return { jobs, done: jobs, lines: jobs, distinct: jobs, counted: jobs, astray: 0 };
}

/** Terminates the sessions that run a backfill. @returns their number */
export async function terminateBackfills(database: TestDatabase): Promise<number> {
  const ended = await database.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid()
       AND (application_name = 'the application' OR application_name LIKE 'nestjs-backfill:%')`,
  );
  return ended.length;
}
