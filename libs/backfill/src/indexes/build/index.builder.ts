import type { DataSource, QueryRunner } from 'typeorm';
import { BackfillError } from '../../errors/backfill.error.js';
import { OnlineIndexLedger } from '../../ledger/online-index.ledger.js';
import { messageOf } from '../../postgres/error-classes.js';
import { quoteIdentifier } from '../../postgres/identifiers.js';
import {
  declaredShape,
  type ExistingIndex,
  findIndex,
  partitionTree,
  runUnderDdlPolicy,
  renameIndex,
} from '../catalog/index.catalog.js';
import { defineIndex, type IndexDefinition } from '../declare/index.definition.js';
import type { DeclaredIndex } from '../declare/index.options.js';
import { IndexBuildError, IndexDeclarationError } from '../index.error.js';
import type { IndexReport } from '../index.report.js';
import type { BuildIndexesOptions } from './build-indexes.options.js';
import type { ConcurrentIndexBuilder } from './concurrent.builder.js';
import { derivedName, NEW_SUFFIX, OLD_SUFFIX } from './derived-name.js';
import { PartitionedIndexBuilder } from './partitioned.builder.js';

/** The parts that an `IndexBuilder` uses. */
export interface IndexBuilderOptions extends Required<
  Pick<BuildIndexesOptions, 'schema' | 'log' | 'waitsFor'>
> {
  readonly dataSource: DataSource;
  readonly runner: QueryRunner;
  readonly concurrent: ConcurrentIndexBuilder;
  readonly rebuild: 'replace-differing' | 'report-differing';
}

type Result = Omit<IndexReport, 'name' | 'table' | 'durationMs'>;

/** Builds or replaces single indexes, so that each exists as declared. */
export class IndexBuilder {
  readonly #options: IndexBuilderOptions;
  readonly #partitioned: PartitionedIndexBuilder;

  constructor(options: IndexBuilderOptions) {
    this.#options = options;
    this.#partitioned = new PartitionedIndexBuilder(options.runner, options.concurrent);
  }

  /** Never throws. The report contains the error. */
  async ensure(declared: DeclaredIndex): Promise<IndexReport> {
    const { dataSource, log } = this.#options;
    const startedAt = performance.now();
    const { name } = declared.options;
    let table = '';
    let result: Result;
    try {
      const definition = defineIndex(dataSource, declared);
      ({ table } = definition);
      result = await this.#ensureDefinition(declared, definition);
    } catch (error) {
      result = { status: 'failed', error: withIndexName(name, error) };
    }
    if (result.error) log.warn(result.error.message);
    return { name, table, durationMs: Math.round(performance.now() - startedAt), ...result };
  }

  async #ensureDefinition(index: DeclaredIndex, definition: IndexDefinition): Promise<Result> {
    const { runner, schema, concurrent, waitsFor, log } = this.#options;
    const declared = await this.#shapeOf(definition);
    await new OnlineIndexLedger(runner, schema).record({
      name: definition.name,
      table: definition.table,
      definition: declared,
    });
    const existing = await findIndex(runner, definition.table, definition.name);
    if (existing?.inProgress) return { status: 'busy', declared };
    // An INVALID index is not finished, also on a partitioned table. It is not compared; the build continues.
    if (existing?.valid && existing.shape !== declared)
      return this.#resolveDifference(definition, declared, existing);
    if (existing?.valid) {
      await concurrent.dropReplaced(definition);
      return { status: 'exists', declared };
    }
    const reason = await waitsFor(index);
    if (reason === null) return this.#build(definition, declared);
    log.log(`The index ${definition.name} on ${definition.table} is not built now. ${reason}`);
    return { status: 'waiting', declared, reason };
  }

  async #shapeOf(definition: IndexDefinition): Promise<string> {
    try {
      return await declaredShape(this.#options.runner, definition);
    } catch (error) {
      throw new IndexDeclarationError(
        definition.className,
        `PostgreSQL refuses the index "${definition.name}" on ${definition.table}: ${messageOf(error)}.`,
        'Correct the declaration, or add the migration that creates the missing table or column.',
        error,
      );
    }
  }

  async #resolveDifference(
    definition: IndexDefinition,
    declared: string,
    existing: ExistingIndex,
  ): Promise<Result> {
    const { runner, rebuild, log } = this.#options;
    const shapes = { declared, existing: existing.shape };
    const tree = await partitionTree(runner, definition.table);
    if (rebuild === 'replace-differing' && tree.length <= 1)
      return { ...(await this.#replace(definition, declared, existing)), ...shapes };
    const remedy =
      tree.length > 1
        ? 'Its table is partitioned: declare the new index under another name.'
        : '--rebuild replaces it.';
    log.warn(
      `The index ${definition.name} is ${existing.shape}, but the declaration is ${declared}. ${remedy}`,
    );
    return { status: 'differs', ...shapes };
  }

  /** Builds the new index under a temporary name, swaps the names, and drops the old index. */
  async #replace(definition: IndexDefinition, declared: string, existing: ExistingIndex): Promise<Result> {
    const { runner, concurrent } = this.#options;
    const temporary = derivedName(definition.name, NEW_SUFFIX);
    const old = derivedName(definition.name, OLD_SUFFIX);
    // A killed rebuild may have left a temporary index, perhaps with an earlier definition.
    const leftover = await findIndex(runner, definition.table, temporary);
    if (leftover && leftover.shape !== declared) await concurrent.drop(definition.table, temporary);
    await concurrent.drop(definition.table, old);
    const failure = await concurrent.build(definition, temporary, definition.table);
    if (failure) return failure;
    const built = await findIndex(runner, definition.table, temporary);
    await runUnderDdlPolicy(
      runner,
      renameIndex(existing.path, old),
      renameIndex(built?.path ?? quoteIdentifier(temporary), definition.name),
    );
    await concurrent.dropReplaced(definition);
    return { status: 'rebuilt' };
  }

  async #build(definition: IndexDefinition, declared: string): Promise<Result> {
    const { runner, concurrent, log } = this.#options;
    log.log(`Building the index ${definition.name} on ${definition.table}.`);
    const tree = await partitionTree(runner, definition.table);
    const isPartitioned = tree.length > 1 || tree[0]?.leaf === false;
    const failure = isPartitioned
      ? await this.#partitioned.build(definition, tree)
      : await concurrent.build(definition, definition.name, definition.table);
    return failure ? { ...failure, declared } : { status: 'built', declared };
  }
}

/** Adds the name of the index and the remedy to a database error, e.g. of a rename. */
function withIndexName(name: string, error: unknown): Error {
  if (error instanceof BackfillError) return error;
  return new IndexBuildError(name, `${messageOf(error)}.`, 'Run --indexes again; it continues.', error);
}
