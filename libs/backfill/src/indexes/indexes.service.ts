import { Inject, Injectable, Logger } from '@nestjs/common';
import { DataSourceRegistry, type NamedDataSource } from '../data-sources/data-source.registry.js';
import { LEDGER_OPTIONS, type LedgerModuleOptions } from '../ledger/ledger.options.js';
import { type IndexEvent, PhaseObservers } from '../report/observers/phase-observers.registry.js';
import { nearest } from '../text/nearest.js';
import { worstOf } from '../text/worst-of.js';
import { buildIndexes } from './build/build-indexes.js';
import type { BuildIndexesOptions } from './build/build-indexes.options.js';
import { IndexExplorer } from './declare/index.explorer.js';
import { OnlineIndexLedger } from '../ledger/online-index.ledger.js';
import { tablesOf } from './declare/index.definition.js';
import type { DeclaredIndex } from './declare/index.options.js';
import { INDEX_READINESS, type IndexReadiness } from './declare/index.readiness.js';
import { IndexDeclarationError } from './index.error.js';
import { inspectDeclaredIndex, type DeclaredIndexState } from './catalog/index.presence.js';
import type { IndexOutcome } from './index.report.js';
import {
  describeWait,
  type DataSourceIndexes,
  type IndexesReport,
  type IndexesStatus,
} from './indexes.report.js';

/** The options of the indexes phase. @publicApi */
export interface IndexesRequest extends Pick<BuildIndexesOptions, 'log' | 'rebuild' | 'maxWait'> {
  /** Stops the phase: the current build is cancelled, and no other build starts. @default never */
  readonly signal?: AbortSignal;
  /** Called with the report of each data source as soon as it is complete. */
  readonly done?: (report: DataSourceIndexes) => void;
}

/** A data source and the indexes that are declared on its tables. */
interface DataSourceDeclarations extends NamedDataSource {
  readonly declared: readonly DeclaredIndex[];
}

const WORST_FIRST: readonly IndexOutcome[] = ['warnings', 'done', 'nothing-to-do'];

/**
 * Builds and inspects the declared indexes of the application's PostgreSQL data sources.
 *
 * @publicApi
 */
@Injectable()
export class IndexesService {
  /** @internal */
  @Inject(PhaseObservers) readonly observers!: PhaseObservers;
  readonly #dataSources: DataSourceRegistry;
  readonly #ledger: LedgerModuleOptions;
  readonly #explorer: IndexExplorer;
  readonly #readiness: IndexReadiness;
  #declared: readonly DeclaredIndex[] | null = null;

  constructor(
    @Inject(DataSourceRegistry) dataSources: DataSourceRegistry,
    @Inject(LEDGER_OPTIONS) ledger: LedgerModuleOptions,
    @Inject(IndexExplorer) explorer: IndexExplorer,
    @Inject(INDEX_READINESS) readiness: IndexReadiness,
  ) {
    this.#dataSources = dataSources;
    this.#ledger = ledger;
    this.#explorer = explorer;
    this.#readiness = readiness;
  }

  /** The module calls it at start-up. @throws DuplicateIndexNameError, IndexDeclarationError @internal */
  declare(): readonly DeclaredIndex[] {
    if (this.#declared) return this.#declared;
    const declared = this.#explorer.explore();
    for (const index of declared) {
      this.#assertNamed(index);
      assertRequirable(index, this.#readiness.requirable);
    }
    return (this.#declared = declared);
  }

  /**
   * Builds the missing indexes, one after the other. A failed build does not throw; the report then has the
   * outcome `warnings`.
   */
  run(request: IndexesRequest = {}): Promise<IndexesReport> {
    return this.observers.phase('indexes', null, () => this.#run(request));
  }

  async #run({ signal, done, log, maxWait, rebuild = false }: IndexesRequest): Promise<IndexesReport> {
    const progress = (event: IndexEvent) =>
      this.observers.notify((observer) => observer.indexProgressed?.(event));
    const proof = {
      log: (message: string) => (log ?? new Logger('OnlineIndex')).log(message),
      ...(signal ? { signal } : {}),
    };
    const reports: DataSourceIndexes[] = [];
    for (const { name, dataSource, declared } of this.#declarations()) {
      if (signal?.aborted) {
        const reason = `${String(signal.reason)} before every index was built.`;
        return { phase: 'indexes', outcome: 'warnings', reason, dataSources: reports };
      }
      const report = await buildIndexes(dataSource, declared, {
        rebuild,
        schema: this.#ledger.schema,
        lease: this.#ledger.leaseDuration,
        waitsFor: (index) => this.#readiness.waitsFor(index, proof).then(describe),
        progress,
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

  /**
   * Reports the state of each declared index, and the existing indexes that are no longer declared. Changes
   * nothing.
   */
  async status(): Promise<IndexesStatus> {
    const dataSources = [];
    const [only, ...others] = this.#dataSources.postgres;
    // After its last declaration was removed, an application still sees which indexes are left.
    const inspected =
      this.declare().length === 0 && only && others.length === 0
        ? [{ ...only, declared: [] }]
        : this.#declarations();
    for (const { name, dataSource, declared } of inspected) {
      const runner = dataSource.createQueryRunner();
      try {
        const indexes = [];
        for (const index of declared) {
          const state = await inspectDeclaredIndex(index, dataSource, runner);
          const reason =
            state.presence === 'missing' ? describe(await this.#readiness.waitsFor(index, 'record')) : null;
          indexes.push(reason === null ? state : { ...state, presence: 'waiting' as const, reason });
        }
        const undeclared = await new OnlineIndexLedger(runner, this.#ledger.schema).undeclared(
          indexes,
          tablesOf(dataSource),
        );
        dataSources.push({ dataSource: name, indexes, undeclared });
      } finally {
        await runner.release();
      }
    }
    return { phase: 'indexes', dataSources };
  }

  /** The names of the declared indexes. @internal */
  get names(): readonly string[] {
    return this.declare().map(({ options }) => options.name);
  }

  /** The state of one declared index; undefined if none has this name. @internal */
  async stateOf(name: string): Promise<DeclaredIndexState | undefined> {
    for (const { dataSource, declared } of this.#declarations()) {
      const index = declared.find(({ options }) => options.name === name);
      if (!index) continue;
      const runner = dataSource.createQueryRunner();
      try {
        return await inspectDeclaredIndex(index, dataSource, runner);
      } finally {
        await runner.release();
      }
    }
    return undefined;
  }

  #assertNamed(index: DeclaredIndex): void {
    if (index.options.build !== 'after' || this.#readiness.namedBy(index).length > 0) return;
    throw new IndexDeclarationError(
      index.className,
      `the index "${index.options.name}" has \`build: 'after'\`, and no backfill names it.`,
      `Name it in the backfill's option \`index\`, or remove \`build\`, so that the index is built before the backfills.`,
    );
  }

  /**
   * The declared indexes by the data source of their entity. If no data source has the entity, the index is
   * assigned to the first data source, whose report then contains the error.
   */
  #declarations(): readonly DataSourceDeclarations[] {
    const sources = this.#dataSources.postgres;
    const ownerOf = ({ options }: DeclaredIndex) =>
      (sources.find(({ dataSource }) => dataSource.hasMetadata(options.entity)) ?? sources[0])?.name;
    const declared = this.declare().map((index) => ({ index, owner: ownerOf(index) }));
    return sources
      .map(({ name, dataSource }) => ({
        name,
        dataSource,
        declared: declared.filter(({ owner }) => owner === name).map(({ index }) => index),
      }))
      .filter((each) => each.declared.length > 0 || each.dataSource.migrations.length > 0);
  }
}

/** @throws IndexDeclarationError */
function assertRequirable({ className, options }: DeclaredIndex, known: readonly string[]): void {
  const { name, requires = [] } = options;
  const unknown = requires.find((backfill) => !known.includes(backfill));
  if (unknown === undefined) return;
  const meant = nearest(unknown, known);
  throw new IndexDeclarationError(
    className,
    `the index "${name}" requires "${unknown}", and no backfill with this name is declared.`,
    `${meant ? `Did you mean "${meant}"? ` : ''}Name a backfill that a module provides.`,
  );
}

function describe(backfills: string | null): string | null {
  return backfills === null ? null : describeWait(backfills);
}
