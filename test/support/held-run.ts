import type { BackfillReport, RunRequest } from 'nestjs-backfill';
import { Recorder } from './recorder.ts';
import type { Stage } from './stage.ts';
import { until } from './until.ts';

/** A run that a throttle holds, seen as everybody sees it who asks. */
export class HeldRun {
  readonly recorder = new Recorder();
  readonly ended: Promise<BackfillReport>;
  readonly #stage: Stage;
  readonly #name: string;

  private constructor(stage: Stage, name: string, request: Omit<RunRequest, 'names' | 'observer'>) {
    this.#stage = stage;
    this.#name = name;
    this.ended = stage.run(name, { ...request, recorder: this.recorder });
  }

  static start(stage: Stage, name: string, request: Omit<RunRequest, 'names' | 'observer'> = {}): HeldRun {
    return new HeldRun(stage, name, request);
  }

  /** Waits until the run tells the reason, to its log and in the ledger, and checks that it keeps no transaction open. */
  async isHeldBy(reason: RegExp): Promise<void> {
    await this.recorder.until(({ waits }) => waits.some(({ waitingFor }) => reason.test(waitingFor)));
    await until(async () => reason.test((await this.#stage.status(this.#name)).waitingFor ?? ''));
    const { waitingFor } = await this.#stage.status(this.#name);
    expect(waitingFor).toMatch(/, since \d{4}-\d\d-\d\dT[\d:.]+Z/);
    // A look of a few milliseconds is a transaction too: one that stays open is found open at the same instant again.
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
