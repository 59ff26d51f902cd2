import { Inject, Injectable } from '@nestjs/common';
import type {
  BackfillDeclaration,
  BackfillOverview,
  HistoryEntry,
  QuarantineGroup,
  RangeRecord,
  RecordPage,
  SamplePoint,
} from 'nestjs-backfill/operate';
import type { BackfillStatusReport, TenantReport } from 'nestjs-backfill/reports';
import { OverviewReader } from './overview.reader.js';
import { Runtime } from './runtime.js';

/** The data of the page of a backfill. */
export interface BackfillData {
  readonly overview: BackfillOverview;
  readonly declaration: BackfillDeclaration;
  readonly status: Pick<BackfillStatusReport, 'settings' | 'pace' | 'otherTargets' | 'drift'>;
  readonly samples: readonly SamplePoint[];
  readonly ranges: RecordPage<RangeRecord>;
  readonly quarantine: readonly QuarantineGroup[];
  readonly tenants: RecordPage<TenantReport>;
  readonly history: RecordPage<HistoryEntry>;
}

const SHORT = { limit: 10 } as const;

/** Reads the page of a backfill. */
@Injectable()
export class BackfillReader {
  readonly #runtime: Runtime;
  readonly #overviews: OverviewReader;

  constructor(@Inject(Runtime) runtime: Runtime, @Inject(OverviewReader) overviews: OverviewReader) {
    this.#runtime = runtime;
    this.#overviews = overviews;
  }

  /** @throws UnknownBackfillError */
  async read(name: string, hours: number): Promise<BackfillData> {
    const { records, backfills } = this.#runtime;
    const declaration = records.declaration(name);
    const overview = await this.overview(name);
    // One after the other: the page must not take the connections of the application.
    const [status] = (await backfills.status({ names: [name] })).backfills;
    return {
      overview,
      declaration,
      status: status ?? { settings: [], pace: null, otherTargets: NO_TARGETS, drift: NO_DRIFT },
      samples: await records.samples(name, { hours }),
      ranges: await records.ranges(name),
      quarantine: await records.quarantine(name),
      tenants: declaration.tenant === null ? NONE : await records.tenants(name, SHORT),
      history: await records.history(name, SHORT),
    };
  }

  /** @throws UnknownBackfillError; the error of a ledger that cannot be read */
  async overview(name: string): Promise<BackfillOverview> {
    this.#runtime.records.declaration(name);
    const { backfills, unreadable } = await this.#overviews.overview();
    const found = backfills.find((backfill) => backfill.name === name);
    if (!found)
      throw new Error(unreadable.map(({ error }) => error).join(' ') || `"${name}" is not in the ledger.`);
    return found;
  }
}

const NONE: RecordPage<never> = { items: [], total: 0 };
const NO_TARGETS = { total: 0, complete: 0, first: [] };
const NO_DRIFT = { rows: 0, times: 0, lastAt: null };
