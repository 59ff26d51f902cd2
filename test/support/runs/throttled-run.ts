import type { BackfillReport, RunRequest } from 'nestjs-backfill';
import { Recorder } from './recorder.ts';
import type { Stage } from '../applications/stage.ts';
import { until } from './until.ts';

/** A run that a throttle holds. */
export class ThrottledRun {
  readonly recorder = new Recorder();
  readonly ended: Promise<BackfillReport>;
  readonly #stage: Stage;
  readonly #name: string;

  private constructor(stage: Stage, name: string, request: Omit<RunRequest, 'names' | 'observer'>) {
    this.#stage = stage;
    this.#name = name;
    this.ended = stage.run(name, { ...request, recorder: this.recorder });
  }

  static start(
    stage: Stage,
    name: string,
    request: Omit<RunRequest, 'names' | 'observer'> = {},
  ): ThrottledRun {
    return new ThrottledRun(stage, name, request);
  }

  /** Waits until the log and the ledger contain the reason, and checks that the run keeps no transaction open. */
  async waitsFor(reason: RegExp): Promise<void> {
    await this.recorder.until(({ waits }) => waits.some(({ waitingFor }) => reason.test(waitingFor)));
    await until(async () => reason.test((await this.#stage.status(this.#name)).waitingFor ?? ''));
    const { waitingFor } = await this.#stage.status(this.#name);
    expect(waitingFor).toMatch(/, since \d{4}-\d\d-\d\dT[\d:.]+Z/);
    // A poll is a short transaction too: waits for a moment without any.
    await until(async () => {
      const open = await this.#stage.query<{ age: number }>(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
           AND (application_name = 'the application' OR application_name LIKE 'nestjs-backfill:%')
           AND xact_start IS NOT NULL`,
      );
      return open.length === 0;
    });
  }
}
