import { Inject, Injectable } from '@nestjs/common';
import type { DataSource, QueryRunner } from 'typeorm';
import { BackfillError } from '../backfill.error.js';
import { BackfillService } from '../backfills/backfill.service.js';
import { buildIndexes, type BuildIndexesOptions } from '../indexes/index.builder.js';
import { findIndex, type ExistingIndex } from '../indexes/index.catalog.js';
import { defineIndex } from '../indexes/index.definition.js';
import { IndexExplorer } from '../indexes/index.explorer.js';
import type { DeclaredIndex } from '../indexes/index.options.js';
import type { DataSourceIndexes, IndexesReport, IndexesStatus, IndexPresence } from './indexes.report.js';

/** How the indexes phase is run. */
export interface IndexesRequest extends Pick<BuildIndexesOptions, 'log' | 'rebuild'> {
  /** Asks to stop: no further data source is gone to; the index in hand is not cut short. */
  readonly signal?: AbortSignal;
  /** Told of each data source's report as soon as there is one. */
  readonly done?: (report: DataSourceIndexes) => void;
}

/** A data source and what is declared on its tables. */
interface Share {
  readonly name: string;
  readonly dataSource: DataSource;
  readonly declared: readonly DeclaredIndex[];
}

/**
 * The declared indexes of the application's PostgreSQL data sources.
 *
 * @publicApi
 */
@Injectable()
export class IndexesService {
  readonly #backfills: BackfillService;
  readonly #explorer: IndexExplorer;
  #declared: readonly DeclaredIndex[] | null = null;

  constructor(
    @Inject(BackfillService) backfills: BackfillService,
    @Inject(IndexExplorer) explorer: IndexExplorer,
  ) {
    this.#backfills = backfills;
    this.#explorer = explorer;
  }

  /** Called by the module at start-up. @throws DuplicateIndexNameError @internal */
  declare(): readonly DeclaredIndex[] {
    return (this.#declared ??= this.#explorer.explore());
  }

  /** Builds what is missing, one index after the other. Never throws for what becomes of an index: see `outcome`. */
  async run({ signal, done, log, rebuild = false }: IndexesRequest = {}): Promise<IndexesReport> {
    const reports: DataSourceIndexes[] = [];
    for (const { name, dataSource, declared } of this.#shares()) {
      if (signal?.aborted) {
        const reason = `${String(signal.reason)} before every index was built.`;
        return { phase: 'indexes', outcome: 'warnings', reason, dataSources: reports };
      }
      const { phase: _, ...report } = await buildIndexes(dataSource, declared, {
        rebuild,
        schema: this.#backfills.schema,
        ...(log ? { log } : {}),
      });
      const told = { dataSource: name, ...report };
      reports.push(told);
      done?.(told);
    }
    const found = new Set(reports.map(({ outcome }) => outcome));
    const order = ['warnings', 'done'] as const;
    return {
      phase: 'indexes',
      outcome: order.find((outcome) => found.has(outcome)) ?? 'nothing-to-do',
      dataSources: reports,
    };
  }

  /** Which of the declared indexes are there. Builds and changes nothing. */
  async status(): Promise<IndexesStatus> {
    const dataSources = [];
    for (const { name, dataSource, declared } of this.#shares()) {
      const runner = dataSource.createQueryRunner();
      try {
        const indexes = [];
        for (const one of declared) indexes.push(await presenceOf(one, dataSource, runner));
        dataSources.push({ dataSource: name, indexes });
      } finally {
        await runner.release();
      }
    }
    return { phase: 'indexes', dataSources };
  }

  /** By entity; what is on an entity that no data source knows goes to the first, whose report says so. */
  #shares(): readonly Share[] {
    const sources = [...this.#backfills.dataSources].filter(([, { options }]) => options.type === 'postgres');
    const ownerOf = ({ options }: DeclaredIndex) =>
      (sources.find(([, dataSource]) => dataSource.hasMetadata(options.entity)) ?? sources[0])?.[0];
    const declared = this.declare().map((one) => ({ one, owner: ownerOf(one) }));
    return sources
      .map(([name, dataSource]) => ({
        name,
        dataSource,
        declared: declared.filter(({ owner }) => owner === name).map(({ one }) => one),
      }))
      .filter((share) => share.declared.length > 0 || share.dataSource.migrations.length > 0);
  }
}

async function presenceOf(
  declared: DeclaredIndex,
  dataSource: DataSource,
  runner: QueryRunner,
): Promise<IndexesStatus['dataSources'][number]['indexes'][number]> {
  try {
    const { name, table } = defineIndex(dataSource, declared);
    return { name, table, presence: wordPresence(await findIndex(runner, table, name)) };
  } catch (error) {
    if (!(error instanceof BackfillError)) throw error;
    return { name: declared.options.name, table: '', presence: 'misdeclared', reason: error.message };
  }
}

function wordPresence(existing: ExistingIndex | undefined): IndexPresence {
  if (!existing) return 'missing';
  if (existing.inProgress) return 'building';
  return existing.valid ? 'exists' : 'invalid';
}
