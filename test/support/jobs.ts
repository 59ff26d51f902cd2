import type { BackfillModuleOptions } from 'nestjs-backfill';
import { DoJobs, Job, JobLog, NoteJobs } from '../fixtures/jobs-app/jobs.mjs';
import type { TestDatabase } from './database.ts';
import { FixtureApp, type RunningProcess } from './fixture-app.ts';
import { Stage, type StageOptions } from './stage.ts';

export { DoJobs, Job, JobLog, NoteJobs };

/** What a ledger says and what the tables hold, in one look: all of it at the same instant. */
export interface JobsLook {
  readonly jobs: number;
  readonly done: number;
  /** Lines that `do-jobs` wrote. */
  readonly lines: number;
  readonly distinct: number;
  /** Rows that the ledger counts as updated. */
  readonly counted: number;
  /** Jobs done that the cursor of the first range has not passed, or passed and not done. */
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

/** The same application as a process of its own, in one-shot mode or serving. */
export class JobsProcess {
  static readonly #app = new FixtureApp('jobs-app', 'main.mjs');

  static run(
    database: TestDatabase,
    parameters: readonly string[],
    module: BackfillModuleOptions = { defaults: { pause: 0 } },
    env: NodeJS.ProcessEnv = {},
  ): RunningProcess {
    return JobsProcess.order(database, ['--backfill', ...parameters, '--no-progress'], module, env);
  }

  /** With the arguments as they are, e.g. `--pause do-jobs`. */
  static order(
    database: TestDatabase,
    parameters: readonly string[],
    module: BackfillModuleOptions = {},
    env: NodeJS.ProcessEnv = {},
  ): RunningProcess {
    return JobsProcess.#app.node(parameters, {
      DATABASE_URL: database.url,
      BACKFILL_MODULE: JSON.stringify(module),
      ...env,
    });
  }

  /** As its users have it, until it is sent a signal. */
  static serve(database: TestDatabase, module: BackfillModuleOptions): RunningProcess {
    return JobsProcess.#app.node([], {
      DATABASE_URL: database.url,
      BACKFILL_MODULE: JSON.stringify(module),
    });
  }
}

export async function addJobs(database: TestDatabase, count: number): Promise<void> {
  await database.query('INSERT INTO jobs (note) SELECT NULL FROM generate_series(1, $1::int)', [count]);
}

/** Empties the tables and what the ledger knows, for the next test of the file. */
export async function startAfresh(database: TestDatabase, count: number): Promise<void> {
  DoJobs.before = () => undefined;
  await database.query(`TRUNCATE jobs, job_log RESTART IDENTITY;
    DO $$ BEGIN
      IF to_regclass('nestjs_backfill.range') IS NOT NULL THEN
        TRUNCATE nestjs_backfill.backfill, nestjs_backfill.tenant_progress, nestjs_backfill.quarantined_row CASCADE;
      END IF;
    END $$`);
  await addJobs(database, count);
}

/** What `do-jobs` has done. */
export async function lookAtJobs(database: TestDatabase): Promise<JobsLook> {
  const [look] = await database.query<{ look: JobsLook }>(`
    SELECT json_build_object(
      'jobs', (SELECT count(*) FROM jobs),
      'done', (SELECT count(*) FROM jobs WHERE done_at IS NOT NULL),
      'lines', (SELECT count(*) FROM job_log),
      'distinct', (SELECT count(DISTINCT job_id) FROM job_log),
      'counted', (SELECT coalesce(sum(updated), 0) FROM nestjs_backfill.range WHERE name = 'do-jobs'),
      'astray', (SELECT count(*) FROM jobs, nestjs_backfill.range AS r
        WHERE r.name = 'do-jobs' AND r.state = 'sweeping' AND jobs.id > coalesce((r.lower_key ->> 0)::bigint, 0)
          AND (jobs.done_at IS NOT NULL) <> (jobs.id <= coalesce((r.cursor_key ->> 0)::bigint, 0)))
    ) AS look`);
  if (!look) throw new Error('A SELECT without FROM always finds one row.');
  return look.look;
}

/** Each job once: none missing, none twice, and the ledger has counted the same. */
export function eachOnce(jobs: number): JobsLook {
  return { jobs, done: jobs, lines: jobs, distinct: jobs, counted: jobs, astray: 0 };
}

/** Ends the sessions that run a backfill. @returns how many */
export async function terminateBackfills(database: TestDatabase): Promise<number> {
  const ended = await database.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid()
       AND (application_name = 'the application' OR application_name LIKE 'nestjs-backfill:%')`,
  );
  return ended.length;
}
