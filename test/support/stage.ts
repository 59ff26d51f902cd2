import type { BackfillPhaseReport, BackfillReport, BackfillStatusReport, RunRequest } from 'nestjs-backfill';
import type pg from 'pg';
import { TestApplication, type TestApplicationOptions } from './application.ts';
import { TestDatabase } from './database.ts';
import { Recorder } from './recorder.ts';

export interface StageOptions extends Omit<TestApplicationOptions, 'database'> {
  /** The URL of another server than the run's own; asked when the stage is set. */
  readonly server?: () => string;
  /** The application comes as a role that owns the database and may see nothing else, not as the administrator. */
  readonly plainRole?: true;
  /** Runs once the tables are there. */
  readonly prepare?: (database: TestDatabase) => Promise<unknown>;
  /** Runs while the database is still empty, e.g. to make types or tables of its own. */
  readonly before?: (database: TestDatabase) => Promise<unknown>;
}

/** A database with an application over it, for the tests of one `describe`. */
export class Stage {
  #database: TestDatabase | undefined;
  #application: TestApplication | undefined;

  /** Sets the stage before the tests at hand, and clears it after them. */
  static for(options: StageOptions): Stage {
    const stage = new Stage();
    beforeAll(() => stage.#set(options));
    afterAll(() => stage.#clear());
    return stage;
  }

  get database(): TestDatabase {
    if (!this.#database) throw new Error('The stage is set in beforeAll: use it in tests only.');
    return this.#database;
  }

  get application(): TestApplication {
    if (!this.#application) throw new Error('The stage is set in beforeAll: use it in tests only.');
    return this.#application;
  }

  query<Row extends pg.QueryResultRow>(sql: string, parameters: unknown[] = []): Promise<Row[]> {
    return this.database.query<Row>(sql, parameters);
  }

  /** The one value that a query finds, as text. */
  async value(sql: string, parameters: unknown[] = []): Promise<string> {
    const [row] = await this.query<Record<string, unknown>>(sql, parameters);
    return String(Object.values(row ?? {})[0]);
  }

  /** Runs everything that is declared, or what the request names. */
  runAll(request: RunRequest = {}): Promise<BackfillPhaseReport> {
    return this.application.service.run(request);
  }

  /** Runs one backfill. */
  async run(
    name: string,
    request: Omit<RunRequest, 'names' | 'observer'> & { readonly recorder?: Recorder } = {},
  ): Promise<BackfillReport> {
    const { recorder = new Recorder(), ...rest } = request;
    const { backfills } = await this.runAll({ ...rest, names: [name], observer: recorder });
    return backfills[0] as BackfillReport;
  }

  /** What the ledger says of one backfill. */
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
