import { Inject, Injectable } from '@nestjs/common';
import type { OverviewReport, RoundRecord } from 'nestjs-backfill/operate';
import type { IndexesStatus, MigrateStatus } from 'nestjs-backfill/reports';
import { Runtime } from './runtime.js';
import { type PhaseRead, SharedRead } from './shared-read.js';
import { UnavailableError } from './unavailable.error.js';

/** The data of the first page. */
export interface OverviewData {
  readonly overview: OverviewReport;
  readonly migrations: PhaseRead<MigrateStatus>;
  readonly indexes: PhaseRead<IndexesStatus>;
  readonly rounds: PhaseRead<readonly RoundRecord[]>;
}

/** In milliseconds. */
const OVERVIEW_AGE = 1_000;
/** The proof of a contract migration may read a large table. */
const PHASE_AGE = 30_000;
const PHASE_WAIT = 50;

/** Reads the first page. All visitors share what was read in the last second. */
@Injectable()
export class OverviewReader {
  readonly #overview: SharedRead<OverviewReport>;
  readonly #migrations: SharedRead<MigrateStatus>;
  readonly #indexes: SharedRead<IndexesStatus>;
  readonly #rounds: SharedRead<readonly RoundRecord[]>;

  constructor(@Inject(Runtime) runtime: Runtime) {
    this.#overview = new SharedRead(() => runtime.records.overview(), OVERVIEW_AGE);
    this.#migrations = new SharedRead(() => runtime.migrations.status(), PHASE_AGE);
    this.#indexes = new SharedRead(() => runtime.indexes.status(), PHASE_AGE);
    this.#rounds = new SharedRead(() => runtime.records.rounds(), OVERVIEW_AGE);
  }

  /** @throws UnavailableError if no database answers */
  async overview(): Promise<OverviewReport> {
    const report = await this.#overview.get();
    const { backfills, unreadable } = report;
    if (backfills.length === 0 && unreadable.length > 0)
      throw new UnavailableError(unreadable.map(({ error }) => error).join(' '));
    return report;
  }

  /** @throws the error of a database if none answers */
  rounds(): Promise<readonly RoundRecord[]> {
    return this.#rounds.get();
  }

  /**
   * The phases are read in the background: a page never waits for the proof of a migration.
   *
   * @throws UnavailableError if no database answers
   */
  async read(): Promise<OverviewData> {
    const migrations = this.#migrations.within(PHASE_WAIT);
    const indexes = this.#indexes.within(PHASE_WAIT);
    const rounds = this.#rounds.within(PHASE_WAIT);
    const overview = await this.overview();
    return { overview, migrations: await migrations, indexes: await indexes, rounds: await rounds };
  }

  /** The next visitor sees the effect of an action. */
  forget(): void {
    this.#overview.forget();
    this.#rounds.forget();
  }
}
