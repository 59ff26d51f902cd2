import { Inject, Injectable } from '@nestjs/common';
import type { BackfillLedger } from '../../ledger/backfill.ledger.js';
import { LedgerFactory } from '../../ledger/ledger.factory.js';
import { TARGET_SCHEMA_STEP } from '../../ledger/ledger.context.js';
import { installedStep } from '../../ledger/ledger.installer.js';
import { OPERATE_SCHEMA_STEP } from '../../ledger/records/overview.ledger.js';
import { RecordListLedger } from '../../ledger/records/record-list.ledger.js';
import { SampleLedger } from '../../ledger/records/sample.ledger.js';
import { recordedName } from '../../ledger/target/former-name.js';
import { Session } from '../../postgres/session.js';
import type {
  BackfillDeclaration,
  HistoryEntry,
  OverviewReport,
  QuarantinedRow,
  QuarantineGroup,
  QuarantineQuery,
  RangeRecord,
  RecordPage,
  RoundRecord,
  SamplePoint,
  TenantQuery,
  TenantSort,
} from '../../report/records.js';
import type { TenantReport } from '../../report/report.js';
import { checkRetryKeys } from '../control/retry-keys.check.js';
import { chooseTargets } from '../control/target.chooser.js';
import { UnknownBackfillError } from '../declare/errors/name.error.js';
import { BackfillRegistry } from '../definition/backfill.registry.js';
import type { BackfillDefinition } from '../definition/definition.js';
import { readOverview } from './overview.reader.js';
import { locateRemoved, type RemovedBackfill } from './removed.locator.js';
import { readRounds } from './round.reader.js';

/** One of the tables of a backfill, e.g. `tenant_2.leads`, or a schema. @publicApi */
export interface RecordTarget {
  /** @default the table of the application */
  readonly target?: string;
}

const TENANT_COLUMNS = {
  tenant: 'tenant',
  updated: 'updated',
  skipped: 'skipped',
  quarantined: 'quarantined',
  lastTouchedAt: 'last_touched_at',
} as const satisfies Record<TenantSort, string>;

const MAX_LIMIT = 1_000;
const DEFAULT_LIMIT = 100;
const EMPTY: RecordPage<never> = { items: [], total: 0 };

/**
 * Reads the records of the ledgers, for pages, exporters and programs. Changes nothing, and does not read the tables
 * of the application. Records of a removed backfill, which the application no longer declares, are read by its name too.
 *
 * @publicApi
 */
@Injectable()
export class BackfillRecords {
  readonly #registry: BackfillRegistry;
  readonly #ledgers: LedgerFactory;

  constructor(
    @Inject(BackfillRegistry) registry: BackfillRegistry,
    @Inject(LedgerFactory) ledgers: LedgerFactory,
  ) {
    this.#registry = registry;
    this.#ledgers = ledgers;
  }

  /** All backfills, each with its status, its progress and what it waits for. */
  overview(): Promise<OverviewReport> {
    return readOverview(this.#registry.definitions, this.#ledgers.forInspection(), this.#ledgers.schema);
  }

  /** The last rounds of catch-up in each database that answers, the newest first. @throws if no database answers */
  rounds(): Promise<readonly RoundRecord[]> {
    return readRounds(this.#registry.definitions, this.#ledgers.forInspection(), this.#ledgers.schema);
  }

  /** How a backfill is declared. @throws UnknownBackfillError */
  declaration(name: string): BackfillDeclaration {
    const definition = this.#registry.get(name);
    const { version, kind, className, dataSourceName: dataSource, table, pending, dependsOn } = definition;
    return {
      ...{ name, version, kind, className, dataSource, table, dependsOn },
      where: pending.text,
      key: definition.key.map(({ databaseName }) => databaseName),
      tenant: definition.tenant?.databaseName ?? null,
      index: definition.index?.name ?? null,
      pace: textsOf(definition.pace),
    };
  }

  /**
   * Changes of the status and of settings, and events of runs: the newest first.
   *
   * @throws UnknownBackfillError, UnknownTargetError
   */
  history(
    name: string,
    { limit, offset, ...target }: RecordTarget & { readonly limit?: number; readonly offset?: number } = {},
  ): Promise<RecordPage<HistoryEntry>> {
    return this.#read<RecordPage<HistoryEntry>>(name, { ...target, empty: EMPTY }, (session, ledger) =>
      new RecordListLedger(ledger).history(session, windowOf(limit, offset)),
    );
  }

  /** The progress of tenants. @throws UnknownBackfillError, UnknownTargetError */
  tenants(name: string, query: TenantQuery & RecordTarget = {}): Promise<RecordPage<TenantReport>> {
    const { search = '', sort = 'updated', order = 'descending', limit, offset } = query;
    return this.#read<RecordPage<TenantReport>>(name, { ...query, empty: EMPTY }, (session, ledger) =>
      new RecordListLedger(ledger).tenants(session, {
        search: search === '' ? null : search,
        column: Object.hasOwn(TENANT_COLUMNS, sort) ? TENANT_COLUMNS[sort] : 'updated',
        direction: order === 'ascending' ? 'ASC' : 'DESC',
        ...windowOf(limit, offset),
      }),
    );
  }

  /** The rows in quarantine, by error. @throws UnknownBackfillError, UnknownTargetError */
  quarantine(name: string, target: RecordTarget = {}): Promise<readonly QuarantineGroup[]> {
    return this.#read<readonly QuarantineGroup[]>(name, { ...target, empty: [] }, (session, ledger) =>
      new RecordListLedger(ledger).quarantineGroups(session),
    );
  }

  /**
   * The rows in quarantine, one by one.
   *
   * @throws UnknownBackfillError, UnknownTargetError, RetryKeysError
   */
  async quarantinedRows(
    name: string,
    { error = null, keys, limit, offset, ...target }: RecordTarget & QuarantineQuery = {},
  ): Promise<RecordPage<QuarantinedRow>> {
    if (keys) checkRetryKeys([this.#registry.get(name)], keys);
    const filter = { error, keys: keys ?? null };
    return this.#read<RecordPage<QuarantinedRow>>(name, { ...target, empty: EMPTY }, (session, ledger) =>
      new RecordListLedger(ledger).quarantinedRows(session, filter, windowOf(limit, offset)),
    );
  }

  /** The ranges that are not done, and the processes that work on them. @throws UnknownBackfillError, UnknownTargetError */
  ranges(name: string, target: RecordTarget = {}): Promise<RecordPage<RangeRecord>> {
    return this.#read<RecordPage<RangeRecord>>(name, { ...target, empty: EMPTY }, (session, ledger) =>
      new RecordListLedger(ledger).openRanges(session),
    );
  }

  /**
   * The progress of the runs over the last hours, the oldest point first.
   *
   * @param request `hours`: from 0.1 to 720; default 1
   * @throws UnknownBackfillError, UnknownTargetError
   */
  samples(
    name: string,
    { hours = 1, ...target }: RecordTarget & { readonly hours?: number } = {},
  ): Promise<readonly SamplePoint[]> {
    const bounded = Number.isFinite(hours) ? Math.min(720, Math.max(0.1, hours)) : 1;
    return this.#read<readonly SamplePoint[]>(name, { ...target, empty: [] }, (session, ledger) =>
      new SampleLedger(ledger).points(session, bounded),
    );
  }

  /** @param options `empty`: the result for a ledger that has no such records yet */
  async #read<T>(
    name: string,
    { target, empty }: RecordTarget & { readonly empty: T },
    read: (session: Session, ledger: BackfillLedger) => Promise<T>,
  ): Promise<T> {
    if (!this.#registry.names.includes(name)) return this.#readRemoved({ name, target }, empty, read);
    const definition = this.#registry.get(name);
    const session = await Session.open(definition.dataSource);
    try {
      // The views and samples come with this step; the next run upgrades the ledger.
      if ((await installedStep(session, this.#ledgers.schema)) < OPERATE_SCHEMA_STEP) return empty;
      return await read(session, await this.#locate(session, definition, target));
    } finally {
      await session.close();
    }
  }

  /** @throws UnknownBackfillError if no ledger has the name either */
  async #readRemoved<T>(
    removed: RemovedBackfill,
    empty: T,
    read: (session: Session, ledger: BackfillLedger) => Promise<T>,
  ): Promise<T> {
    for (const { dataSource } of this.#registry.namedDataSources) {
      const session = await Session.open(dataSource);
      try {
        const step = await installedStep(session, this.#ledgers.schema);
        if (step < TARGET_SCHEMA_STEP) continue;
        const ledger = await locateRemoved(session, this.#ledgers.forInspection(), removed);
        if (ledger !== null) return step < OPERATE_SCHEMA_STEP ? empty : await read(session, ledger);
      } finally {
        await session.close();
      }
    }
    const { name } = removed;
    const current = this.#registry.currentName(name);
    throw new UnknownBackfillError(name, this.#registry.names, current === name ? undefined : current);
  }

  async #locate(
    session: Session,
    definition: BackfillDefinition,
    target: string | undefined,
  ): Promise<BackfillLedger> {
    const inspection = this.#ledgers.forInspection();
    const ledger = inspection.of(definition);
    await ledger.locate(session);
    ledger.readUnder(await recordedName(session, ledger));
    if (target === undefined) {
      const record = await inspection.targets.find(session, ledger.recorded, ledger.target);
      if (record) ledger.locateAs(record);
      return ledger;
    }
    const known = await inspection.targets.list(session, ledger.recorded);
    const [chosen] = chooseTargets(definition.name, known, [target]);
    if (chosen) ledger.locateAs({ name: chosen.name, tableId: null });
    return ledger;
  }
}

function windowOf(limit = DEFAULT_LIMIT, offset = 0): { readonly limit: number; readonly offset: number } {
  return { limit: whole(limit, 1, MAX_LIMIT), offset: whole(offset, 0, 1e9) };
}

function whole(value: number, min: number, max: number): number {
  return Number.isFinite(value) ? Math.min(max, Math.max(min, Math.trunc(value))) : min;
}

function textsOf({ settings = {}, ...pace }: BackfillDefinition['pace']): Record<string, string> {
  const own = Object.entries(settings).map(([name, value]) => [`settings.${name}`, value]);
  return Object.fromEntries([
    ...Object.entries(pace).map(([name, value]) => [name, String(value)]),
    ...own,
  ]) as Record<string, string>;
}
