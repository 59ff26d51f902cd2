import { Logger } from '@nestjs/common';
import type { DataSource, QueryRunner } from 'typeorm';
import { BackfillError } from '../errors/backfill.error.js';
import { DeployLease } from '../ledger/lease/deploy-lease.js';
import { messageOf } from '../postgres/error-classes.js';
import { quoteIdentifier } from '../postgres/identifiers.js';
import {
  attachedIndex,
  briefly,
  declaredShape,
  type ExistingIndex,
  findIndex,
  partitionTree,
  renameIndex,
  type TableNode,
} from './index.catalog.js';
import { ConcurrentIndexes, type Unbuilt } from './concurrent-indexes.js';
import { createIndex, defineIndex, type IndexDefinition } from './index.definition.js';
import { derivedName, OLD } from './index.names.js';
import { IndexBuildError, IndexDeclarationError } from './index.error.js';
import { OnlineIndexLedger } from '../ledger/online-index.ledger.js';
import type { DeclaredIndex } from './index.options.js';
import type { IndexPhaseReport, IndexReport, UndeclaredIndex } from './index.report.js';

/** How declared indexes are built. */
export interface BuildIndexesOptions {
  /** Replace indexes whose definition differs. @default false */
  readonly rebuild?: boolean;
  /** The ledger's schema. @default 'nestjs_backfill' */
  readonly schema?: string;
  /** How long a killed process keeps the next one waiting, in milliseconds. @default 30000 */
  readonly lease?: number;
  /**
   * How long a build waits in one go for other sessions' transactions, in milliseconds; or for as long as it has been at it before,
   * where that is more. Then it is given up, which is a warning.
   * @default 300000 (5 minutes)
   */
  readonly maxWait?: number;
  /** Asks to stop: the build in hand is cancelled, no further one is begun. `signal.reason` is told. */
  readonly signal?: AbortSignal;
  /** @default a Nest logger */
  readonly log?: { log(message: string): void; warn(message: string): void };
}

type Found = Omit<IndexReport, 'name' | 'table' | 'durationMs'>;

/**
 * The indexes phase of a deployment: builds what is declared and missing, one after the other, with CREATE INDEX CONCURRENTLY.
 * Never throws: an index that could not be built is a warning.
 *
 * @publicApi
 */
export async function buildIndexes(
  dataSource: DataSource,
  declared: readonly DeclaredIndex[],
  options: BuildIndexesOptions = {},
): Promise<IndexPhaseReport> {
  const { schema = 'nestjs_backfill', lease: duration = 30_000, log = new Logger('OnlineIndex') } = options;
  const startedAt = performance.now();
  const indexes: IndexReport[] = [];
  let undeclared: readonly UndeclaredIndex[] = [];
  let lease: DeployLease | undefined;
  let runner: QueryRunner | undefined;
  let error: Error | undefined;
  try {
    lease = await DeployLease.acquire(dataSource, { schema, phase: 'indexes', duration, log });
    runner = dataSource.createQueryRunner();
    const concurrent = new ConcurrentIndexes(runner, {
      maxWait: 300_000,
      ...options,
      log,
      beside: lease.side,
    });
    const builder = new IndexBuilder(dataSource, runner, concurrent, { ...options, schema, log });
    for (const one of declared) {
      if (options.signal?.aborted) {
        indexes.push(notBegun(one, options.signal));
        continue;
      }
      // Whoever has been overtaken while it stalled must not get in the way of who builds now.
      await lease.confirm(runner);
      indexes.push(await builder.bring(one));
    }
    undeclared = await new OnlineIndexLedger(runner, schema).undeclared(indexes);
    for (const { name, table } of undeclared)
      log.warn(`The index ${name} on ${table} is no longer declared. It is left as it is.`);
  } catch (failure) {
    error = failure instanceof Error ? failure : new TypeError(String(failure), { cause: failure });
  } finally {
    await runner?.release();
    await lease?.release();
  }
  const idle = indexes.every(({ status }) => status === 'exists');
  const good = !error && indexes.every(({ status }) => ['exists', 'built', 'rebuilt'].includes(status));
  return {
    phase: 'indexes',
    outcome: good ? (idle ? 'nothing-to-do' : 'done') : 'warnings',
    indexes,
    undeclared,
    ...(error && { error }),
    durationMs: Math.round(performance.now() - startedAt),
  };
}

class IndexBuilder {
  constructor(
    private readonly dataSource: DataSource,
    private readonly runner: QueryRunner,
    private readonly concurrent: ConcurrentIndexes,
    private readonly options: Required<Pick<BuildIndexesOptions, 'schema' | 'log'>> & BuildIndexesOptions,
  ) {}

  /** Brings one index to what is declared. */
  async bring(declared: DeclaredIndex): Promise<IndexReport> {
    const startedAt = performance.now();
    const { name } = declared.options;
    let table = '';
    let found: Found;
    try {
      const definition = defineIndex(this.dataSource, declared);
      ({ table } = definition);
      found = await this.#settle(definition);
    } catch (error) {
      found = { status: 'failed', error: named(name, error) };
    }
    if (found.error) this.options.log.warn(found.error.message);
    return { name, table, durationMs: Math.round(performance.now() - startedAt), ...found };
  }

  async #settle(definition: IndexDefinition): Promise<Found> {
    const declared = await this.#shapeOf(definition);
    await new OnlineIndexLedger(this.runner, this.options.schema).record({
      name: definition.name,
      table: definition.table,
      definition: declared,
    });
    const existing = await findIndex(this.runner, definition.table, definition.name);
    if (existing?.inProgress) return { status: 'busy', declared };
    if (existing && existing.shape !== declared && !isUnfinished(existing))
      return this.#differing(definition, declared, existing);
    if (existing?.valid) {
      await this.concurrent.dropOld(definition);
      return { status: 'exists', declared };
    }
    return this.#build(definition, declared);
  }

  async #shapeOf(definition: IndexDefinition): Promise<string> {
    try {
      return await declaredShape(this.runner, definition);
    } catch (error) {
      throw new IndexDeclarationError(
        definition.className,
        `PostgreSQL refuses the index "${definition.name}" on ${definition.table}: ${messageOf(error)}.`,
        'Correct the declaration, or add the migration that makes what it names.',
        error,
      );
    }
  }

  async #differing(definition: IndexDefinition, declared: string, existing: ExistingIndex): Promise<Found> {
    const both = { declared, existing: existing.shape };
    const tree = await partitionTree(this.runner, definition.table);
    if (!this.options.rebuild || tree.length > 1) {
      const how =
        tree.length > 1
          ? 'It is on a partitioned table: declare the new one under another name.'
          : '--rebuild replaces it.';
      this.options.log.warn(
        `The index ${definition.name} is ${existing.shape}; declared is ${declared}. ${how}`,
      );
      return { status: 'differs', ...both };
    }
    const temporary = derivedName(definition.name, 'nestjs_backfill_new');
    const old = derivedName(definition.name, OLD);
    // Left behind by a rebuild that was killed: the new one may be of an earlier declaration.
    const left = await findIndex(this.runner, definition.table, temporary);
    if (left && left.shape !== declared) await this.concurrent.drop(definition.table, temporary);
    await this.concurrent.drop(definition.table, old);
    const failure = await this.concurrent.build(definition, temporary, definition.table);
    if (failure) return { ...failure, ...both };
    const built = await findIndex(this.runner, definition.table, temporary);
    await briefly(
      this.runner,
      renameIndex(existing.path, old),
      renameIndex(built?.path ?? quoteIdentifier(temporary), definition.name),
    );
    await this.concurrent.dropOld(definition);
    return { status: 'rebuilt', ...both };
  }

  async #build(definition: IndexDefinition, declared: string): Promise<Found> {
    this.options.log.log(`Building the index ${definition.name} on ${definition.table}.`);
    const tree = await partitionTree(this.runner, definition.table);
    const failure =
      tree.length > 1 || tree[0]?.leaf === false
        ? await this.#buildOnPartitions(definition, tree)
        : await this.concurrent.build(definition, definition.name, definition.table);
    return failure ? { ...failure, declared } : { status: 'built', declared };
  }

  /**
   * Nothing is scanned under a lock: an index built concurrently on each partition, then an empty one on each parent, to which
   * they are attached. The parents come last: theirs are INVALID until all is attached, and a partition whose rows are not unique
   * must not leave them so.
   */
  async #buildOnPartitions(
    definition: IndexDefinition,
    tree: readonly TableNode[],
  ): Promise<Unbuilt | undefined> {
    const nameOn = new Map(
      tree.map(({ path, parent, name }) => [
        path,
        parent === undefined ? definition.name : derivedName(definition.name, name),
      ]),
    );
    const own = (path: string): string => nameOn.get(path) ?? '';
    for (const { path, parent, leaf } of tree)
      if (leaf && !(await this.#isAttached(path, parent, own))) {
        const failure = await this.concurrent.build(definition, own(path), path);
        if (failure) return failure;
      }
    for (const { path, parent, leaf } of tree) {
      if (await this.#isAttached(path, parent, own)) continue;
      if (!leaf && !(await findIndex(this.runner, path, own(path))))
        await briefly(this.runner, createIndex(definition, own(path), `ONLY ${path}`, ''));
      if (parent !== undefined)
        await briefly(
          this.runner,
          `ALTER INDEX ${await this.#path(parent, own(parent))} ATTACH PARTITION ${await this.#path(path, own(path))}`,
        );
    }
    return undefined;
  }

  async #isAttached(
    path: string,
    parent: string | undefined,
    own: (path: string) => string,
  ): Promise<boolean> {
    if (parent === undefined) return false;
    return attachedIndex(this.runner, await this.#path(parent, own(parent)), path);
  }

  async #path(table: string, name: string): Promise<string> {
    return (await findIndex(this.runner, table, name))?.path ?? quoteIdentifier(name);
  }
}

/** Also what the database says while it renames or attaches names the index, and what to do. */
function named(name: string, error: unknown): Error {
  if (error instanceof BackfillError) return error;
  return new IndexBuildError(
    name,
    `${messageOf(error)}.`,
    'Run --indexes again, which goes on with it.',
    error,
  );
}

function notBegun({ options: { name } }: DeclaredIndex, { reason }: AbortSignal): IndexReport {
  const error = new IndexBuildError(name, `${String(reason)} before it was begun.`, 'Run --indexes again.');
  return { name, table: '', status: 'stopped', durationMs: 0, error };
}

/** An INVALID leftover, also of a partitioned table whose partitions are not all attached, is gone on with, not compared. */
function isUnfinished({ valid }: ExistingIndex): boolean {
  return !valid;
}
