import type { BackfillPhaseReport, BackfillReport, RunRequest } from 'nestjs-backfill';
import type { BackfillStatusReport } from 'nestjs-backfill/reports';
import type pg from 'pg';
import { TestApplication, type TestApplicationOptions } from './application.ts';
import { TestDatabase } from '../server/database.ts';
import { Recorder } from '../runs/recorder.ts';

export interface StageOptions extends Omit<TestApplicationOptions, 'database'> {
  /** Returns the URL of the server to use instead of the test run's own; called in beforeAll. */
  readonly server?: () => string;
  /**
   * The application connects as a role that owns the database and sees nothing else, instead of as the
   * administrator.
   */
  readonly plainRole?: true;
  /** Runs after the tables were created. */
  readonly prepare?: (database: TestDatabase) => Promise<unknown>;
  /** Runs while the database is still empty, e.g. to create types or tables. */
  readonly before?: (database: TestDatabase) => Promise<unknown>;
}

/** A database and an application that uses it, for the tests of one `describe`. */
export class Stage {
  #database: TestDatabase | undefined;
  #application: TestApplication | undefined;

  /** Creates both before the tests of the current `describe`, and removes them afterwards. */
  static for(options: StageOptions): Stage {
    const stage = new Stage();
    beforeAll(() => stage.#set(options));
    afterAll(() => stage.#clear());
    return stage;
  }

  get database(): TestDatabase {
    if (!this.#database) throw new Error('The stage is created in beforeAll: use it in tests only.');
    return this.#database;
  }

  get application(): TestApplication {
    if (!this.#application) throw new Error('The stage is created in beforeAll: use it in tests only.');
    return this.#application;
  }

  query<Row extends pg.QueryResultRow>(sql: string, parameters: unknown[] = []): Promise<Row[]> {
    return this.database.query<Row>(sql, parameters);
  }

  /** The first column of the first row, as text. */
  async value(sql: string, parameters: unknown[] = []): Promise<string> {
    const [row] = await this.query<Record<string, unknown>>(sql, parameters);
    return String(Object.values(row ?? {})[0]);
  }

  /** Runs all declared backfills, or those that the request names. */
  runAll(request: RunRequest = {}): Promise<BackfillPhaseReport> {
    return this.application.service.run(request);
  }

  /** Runs one backfill. */
  async run(
    name: string,
    request: Omit<RunRequest, 'names' | 'observer'> & { readonly recorder?: Recorder } = {},
  ): Promise<BackfillReport> {
    const { recorder = new Recorder(), ...rest } = request;
    const { backfills } = await recorder.whileRunning(() =>
      this.runAll({ ...rest, names: [name], observer: recorder }),
    );
    return backfills[0] as BackfillReport;
  }

  /** The status of one backfill in the ledger. */
  async status(name: string): Promise<BackfillStatusReport> {
    const { backfills } = await this.application.service.status({ names: [name] });
    return backfills[0] as BackfillStatusReport;
  }

  async #set({ before, prepare, server, plainRole, ...options }: StageOptions): Promise<void> {
    this.#database = await TestDatabase.create(server?.());
    await before?.(this.#database);
    const database = plainRole ? await this.#database.asPlainRole() : this.#database;
    this.#application = await TestApplication.start({ ...options, database });
    await prepare?.(this.#database);
  }

  async #clear(): Promise<void> {
    await this.#application?.stop();
    await this.#database?.drop();
  }
}
