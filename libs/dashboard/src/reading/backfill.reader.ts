import { Inject, Injectable } from '@nestjs/common';
import { UnknownBackfillError } from 'nestjs-backfill/errors';
import type {
  BackfillDeclaration,
  BackfillOverview,
  HistoryEntry,
  QuarantineGroup,
  RangeRecord,
  RecordPage,
  SamplePoint,
} from 'nestjs-backfill/operate';
import type { BackfillStatusReport, SettingInForce, TenantReport } from 'nestjs-backfill/reports';
import { SETTING_NAMES } from '../actions/action.table.js';
import { TEXTS } from '../texts.js';
import { OverviewReader } from './overview.reader.js';
import { Runtime } from './runtime.js';
import { UnavailableError } from './unavailable.error.js';

/** The data of the page of a backfill. */
export interface BackfillData {
  readonly overview: BackfillOverview;
  /** Null: the application does not declare it any more. */
  readonly declaration: BackfillDeclaration | null;
  readonly status: Pick<BackfillStatusReport, 'settings' | 'pace' | 'otherTargets' | 'drift'>;
  readonly samples: readonly SamplePoint[];
  readonly ranges: RecordPage<RangeRecord>;
  readonly quarantine: readonly QuarantineGroup[];
  readonly tenants: RecordPage<TenantReport>;
  readonly history: RecordPage<HistoryEntry>;
}

/** One setting of the pace. */
export interface PaceInForce {
  readonly setting: (typeof SETTING_NAMES)[number];
  /** Null: the application declares none, and the default applies. */
  readonly declared: string | null;
  /** What a person has set; null: the declared value is in force. */
  readonly set: SettingInForce | null;
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

  /** @throws UnknownBackfillError, UnavailableError */
  async read(name: string, hours: number): Promise<BackfillData> {
    const { records } = this.#runtime;
    const overview = await this.overview(name);
    const declaration = overview.declared ? records.declaration(name) : null;
    // One after the other: the page must not take the connections of the application.
    const status = declaration === null ? undefined : await this.#status(name);
    const tenants =
      declaration !== null && declaration.tenant === null ? NONE : await records.tenants(name, SHORT);
    return {
      overview,
      declaration,
      status: status ?? { settings: [], pace: null, otherTargets: NO_TARGETS, drift: NO_DRIFT },
      samples: await records.samples(name, { hours }),
      ranges: await records.ranges(name),
      quarantine: await records.quarantine(name),
      tenants,
      history: await records.history(name, SHORT),
    };
  }

  /** @throws UnknownBackfillError, UnavailableError */
  async overview(name: string): Promise<BackfillOverview> {
    const { backfills, unreadable } = await this.#overviews.overview();
    const found = backfills.find((backfill) => backfill.name === name);
    if (found) return found;
    this.#runtime.records.declaration(name);
    throw new UnavailableError(unreadable.map(({ error }) => error).join(' ') || TEXTS.errors.ledgerAway);
  }

  /** Whether the application declares the backfill; false for one that only the ledger has. */
  isDeclared(name: string): boolean {
    try {
      this.#runtime.records.declaration(name);
      return true;
    } catch (error) {
      if (error instanceof UnknownBackfillError) return false;
      throw error;
    }
  }

  /** The settings that `set` takes, with their values. @throws UnknownBackfillError */
  async pace(name: string): Promise<readonly PaceInForce[]> {
    const { pace } = this.#runtime.records.declaration(name);
    const status = await this.#status(name);
    return SETTING_NAMES.map((setting) => ({
      setting,
      declared: pace[setting] ?? null,
      set: status?.settings.find((each) => each.setting === setting) ?? null,
    }));
  }

  async #status(name: string): Promise<BackfillStatusReport | undefined> {
    const { backfills } = await this.#runtime.backfills.status({ names: [name] });
    return backfills[0];
  }
}

const NONE: RecordPage<never> = { items: [], total: 0 };
const NO_TARGETS = { total: 0, complete: 0, first: [] };
const NO_DRIFT = { rows: 0, times: 0, lastAt: null };
