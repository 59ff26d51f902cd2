import { Inject, Injectable } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import { BackfillService } from '../backfills/backfill.service.js';
import { buildIndexes, type BuildIndexesOptions } from './build/build-indexes.js';
import { IndexExplorer } from './declare/index.explorer.js';
import { OnlineIndexLedger } from '../ledger/online-index.ledger.js';
import type { DeclaredIndex } from './declare/index.options.js';
import { presenceOf } from './catalog/index.presence.js';
import type { IndexOutcome } from './index.report.js';
import type { DataSourceIndexes, IndexesReport, IndexesStatus } from './indexes.report.js';
import { worstOf } from '../text/worst-of.js';

const WORST_FIRST: readonly IndexOutcome[] = ['warnings', 'done', 'nothing-to-do'];

/** How the indexes phase runs. @publicApi */
export interface IndexesRequest extends Pick<BuildIndexesOptions, 'log' | 'rebuild' | 'maxWait'> {
  /** Stops the phase: cancels the current build and starts no other. */
  readonly signal?: AbortSignal;
  /** Called with the report of each data source when it is finished. */
  readonly done?: (report: DataSourceIndexes) => void;
}

/** A data source and the indexes that are declared on its tables. */
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

  /** Builds missing indexes, one after the other. An index that fails is part of the report, not an error. */
  async run({ signal, done, log, maxWait, rebuild = false }: IndexesRequest = {}): Promise<IndexesReport> {
    const reports: DataSourceIndexes[] = [];
    for (const { name, dataSource, declared } of this.#shares()) {
      if (signal?.aborted) {
        const reason = `${String(signal.reason)} before every index was built.`;
        return { phase: 'indexes', outcome: 'warnings', reason, dataSources: reports };
      }
      const report = await buildIndexes(dataSource, declared, {
        rebuild,
        schema: this.#backfills.schema,
        lease: this.#backfills.leaseDuration,
        ...(log ? { log } : {}),
        ...(signal ? { signal } : {}),
        ...(maxWait === undefined ? {} : { maxWait }),
      });
      const named = { dataSource: name, ...report };
      reports.push(named);
      done?.(named);
    }
    return {
      phase: 'indexes',
      outcome: worstOf(
        WORST_FIRST,
        reports.map(({ outcome }) => outcome),
      ),
      dataSources: reports,
    };
  }

  /** The state of each declared index, and the indexes that are no longer declared. Changes nothing. */
  async status(): Promise<IndexesStatus> {
    const dataSources = [];
    for (const { name, dataSource, declared } of this.#shares()) {
      const runner = dataSource.createQueryRunner();
      try {
        const indexes = [];
        for (const one of declared) indexes.push(await presenceOf(one, dataSource, runner));
        const undeclared = await new OnlineIndexLedger(runner, this.#backfills.schema).undeclared(indexes);
        dataSources.push({ dataSource: name, indexes, undeclared });
      } finally {
        await runner.release();
      }
    }
    return { phase: 'indexes', dataSources };
  }

  /** Groups the indexes by data source. An index on an unknown entity goes to the first, whose report names the problem. */
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
