import { createHash } from 'node:crypto';
import { Logger } from '@nestjs/common';
import type { DataSource, QueryRunner } from 'typeorm';
import { DeployLease } from '../ledger/deploy-lease.js';
import { messageOf, sqlState } from '../sql/error-classes.js';
import { quoteIdentifier } from '../sql/identifiers.js';
import {
  attachedIndex,
  briefly,
  declaredShape,
  duplicateKeys,
  type ExistingIndex,
  findIndex,
  partitionTree,
  renameIndex,
  type TableNode,
} from './index.catalog.js';
import { createIndex, defineIndex, type IndexDefinition } from './index.definition.js';
import { IndexBuildError, IndexDeclarationError } from './index.error.js';
import { noteDeclared, undeclaredIndexes } from './index.ledger-note.js';
import type { DeclaredIndex } from './index.options.js';
import { withProgress } from './index.progress.js';
import type { IndexPhaseReport, IndexReport, UndeclaredIndex } from './index.report.js';

/** How declared indexes are built. */
export interface BuildIndexesOptions {
  /** Replace indexes whose definition differs. @default false */
  readonly rebuild?: boolean;
  /** The ledger's schema. @default 'nestjs_backfill' */
  readonly schema?: string;
  /** How long a killed process keeps the next one waiting, in milliseconds. @default 30000 */
  readonly lease?: number;
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
    const builder = new IndexBuilder(dataSource, runner, { ...options, schema, log });
    for (const one of declared) indexes.push(await builder.bring(one));
    undeclared = await undeclaredIndexes(runner, schema, indexes);
    for (const { name, table } of undeclared)
      log.warn(`The index ${name} on ${table} is no longer declared. It is left as it is.`);
  } catch (failure) {
    error =
      failure instanceof Error ? failure : new IndexBuildError('', String(failure), 'Look at its cause.');
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
      found = {
        status: 'failed',
        error:
          error instanceof Error ? error : new IndexBuildError(name, String(error), 'Look at its cause.'),
      };
    }
    if (found.error) this.options.log.warn(found.error.message);
    return { name, table, durationMs: Math.round(performance.now() - startedAt), ...found };
  }

  async #settle(definition: IndexDefinition): Promise<Found> {
    const declared = await this.#shapeOf(definition);
    await noteDeclared(this.runner, this.options.schema, definition, declared);
    const existing = await findIndex(this.runner, definition.table, definition.name);
    if (existing?.inProgress) return { status: 'busy', declared };
    if (existing && existing.shape !== declared && !isUnfinished(existing))
      return this.#differing(definition, declared, existing);
    if (existing?.valid) {
      await this.#drop(definition.table, derivedName(definition.name, 'nestjs_backfill_old'));
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
    const old = derivedName(definition.name, 'nestjs_backfill_old');
    // Left behind by a rebuild that was killed: the new one may be of an earlier declaration.
    const left = await findIndex(this.runner, definition.table, temporary);
    if (left && left.shape !== declared) await this.#drop(definition.table, temporary);
    await this.#drop(definition.table, old);
    const failure = await this.#buildOn(definition, temporary, definition.table);
    if (failure) return { ...failure, ...both };
    const built = await findIndex(this.runner, definition.table, temporary);
    await briefly(
      this.runner,
      renameIndex(existing.path, old),
      renameIndex(built?.path ?? quoteIdentifier(temporary), definition.name),
    );
    await this.#drop(definition.table, old);
    return { status: 'rebuilt', ...both };
  }

  async #build(definition: IndexDefinition, declared: string): Promise<Found> {
    this.options.log.log(`Building the index ${definition.name} on ${definition.table}.`);
    const tree = await partitionTree(this.runner, definition.table);
    const failure =
      tree.length > 1 || tree[0]?.leaf === false
        ? await this.#buildOnPartitions(definition, tree)
        : await this.#buildOn(definition, definition.name, definition.table);
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
  ): Promise<Found | undefined> {
    const nameOn = new Map(
      tree.map(({ path, parent, name }) => [
        path,
        parent === undefined ? definition.name : derivedName(definition.name, name),
      ]),
    );
    const own = (path: string): string => nameOn.get(path) ?? '';
    for (const { path, parent, leaf } of tree)
      if (leaf && !(await this.#isAttached(path, parent, own))) {
        const failure = await this.#buildOn(definition, own(path), path);
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

  /** @returns why it was not built; then no INVALID index is left behind */
  async #buildOn(definition: IndexDefinition, name: string, table: string): Promise<Found | undefined> {
    const leftover = await findIndex(this.runner, table, name);
    if (leftover?.valid) return undefined;
    if (leftover) {
      this.options.log.warn(
        `The index ${name} is INVALID, left behind by a broken build. It is dropped and built again.`,
      );
      await this.#drop(table, name);
    }
    try {
      const [row] = (await this.runner.query('SELECT pg_backend_pid() AS pid')) as { pid: number }[];
      const tell = (line: string) => this.options.log.log(`${name}: ${line}`);
      await withProgress(this.dataSource, row?.pid ?? 0, tell, () =>
        this.runner.query(createIndex(definition, name, table, 'CONCURRENTLY')),
      );
      return undefined;
    } catch (error) {
      // A connection that was lost cannot clean up; the next run drops what is left.
      await this.#drop(table, name).catch(() => undefined);
      return this.#failure(definition, name, error);
    }
  }

  async #failure(definition: IndexDefinition, name: string, cause: unknown): Promise<Found> {
    if (sqlState(cause) !== '23505')
      return {
        status: 'failed',
        error: new IndexBuildError(
          name,
          `${messageOf(cause)}.`,
          'Mend what it names, and run --indexes again.',
          cause,
        ),
      };
    const duplicates = await duplicateKeys(this.runner, definition);
    const detail = (cause as { driverError?: { detail?: string } }).driverError?.detail ?? messageOf(cause);
    const keys = duplicates.map(({ key, rows }) => `${key} ${rows} times`).join(', ');
    const error = new IndexBuildError(
      name,
      `the rows are not unique. ${keys === '' ? detail : `Duplicate keys: ${keys}.`}`,
      'Merge or delete the duplicates with a backfill, and run --indexes again.',
      cause,
    );
    return { status: 'duplicates', duplicates, error };
  }

  async #drop(table: string, name: string): Promise<void> {
    const index = await findIndex(this.runner, table, name);
    if (index) await this.runner.query(`DROP INDEX CONCURRENTLY IF EXISTS ${index.path}`);
  }
}

/** An INVALID leftover, also of a partitioned table whose partitions are not all attached, is gone on with, not compared. */
function isUnfinished({ valid }: ExistingIndex): boolean {
  return !valid;
}

/** A name for a helper of the index, found again in the next run: cut to what PostgreSQL keeps, and told apart by a digest. */
function derivedName(name: string, suffix: string): string {
  const full = `${name}_${suffix}`;
  if (Buffer.byteLength(full) <= 63) return full;
  return `${full.slice(0, 50)}_${createHash('sha1').update(full).digest('hex').slice(0, 8)}`;
}
