import type { QueryRunner } from 'typeorm';
import { messageOf, sqlState } from '../postgres/error-classes.js';
import { duplicateKeys, findIndex } from './index.catalog.js';
import { createIndex, type IndexDefinition } from './index.definition.js';
import { IndexBuildError } from './index.error.js';
import { derivedName, OLD } from './index.names.js';
import type { IndexReport } from './index.report.js';
import { withoutTimeouts } from './index.session.js';
import { CancelledError, underWatch, type WatchOptions } from './index.watch.js';

/** Why an index was not built. */
export type Unbuilt = Pick<IndexReport, 'status' | 'error' | 'duplicates'>;

export interface ConcurrentIndexesOptions extends Pick<WatchOptions, 'beside' | 'maxWait' | 'signal'> {
  readonly log: { log(message: string): void; warn(message: string): void };
}

/** Statement timeout, or cancelled by somebody; lock timeout. */
const TIMED_OUT = new Set(['57014', '55P03']);

/** How long the removal of what a cancelled build has left waits for others, in milliseconds: it must not hold up who stops. */
const CLEAN_UP_WAIT = 2_000;

/** Builds and drops single indexes concurrently, on one connection. */
export class ConcurrentIndexes {
  constructor(
    private readonly runner: QueryRunner,
    private readonly options: ConcurrentIndexesOptions,
  ) {}

  /** @returns why it was not built; what a broken build leaves is dropped, or said */
  async build(definition: IndexDefinition, name: string, table: string): Promise<Unbuilt | undefined> {
    const leftover = await findIndex(this.runner, table, name);
    if (leftover?.valid) return undefined;
    try {
      if (leftover) {
        this.options.log.warn(
          `The index ${name} is INVALID, left behind by a broken build. It is dropped and built again.`,
        );
        await this.drop(table, name);
      }
      await this.#watched(name, createIndex(definition, name, table, 'CONCURRENTLY'));
      return undefined;
    } catch (error) {
      return this.#failure(definition, name, error, await this.#cleanUp(table, name));
    }
  }

  /** @returns what is left behind all the same, in a sentence */
  async #cleanUp(table: string, name: string): Promise<string> {
    try {
      const left = await findIndex(this.runner, table, name);
      // What is valid, or being built, is somebody else's.
      if (left && !left.valid && !left.inProgress) await this.drop(table, name, { maxWait: CLEAN_UP_WAIT });
      return '';
    } catch {
      // It would have to wait for the same transaction, or the connection is lost.
      return ' It leaves an INVALID index behind, which the next run drops.';
    }
  }

  async #failure(definition: IndexDefinition, name: string, cause: unknown, left: string): Promise<Unbuilt> {
    if (cause instanceof CancelledError) {
      const remedy = this.options.signal?.aborted
        ? 'Run --indexes again.'
        : 'End that transaction, or allow more time with --max-wait, and run --indexes again.';
      return {
        status: 'stopped',
        error: new IndexBuildError(name, `${cause.reason}.${left}`, remedy, cause.cause),
      };
    }
    if (sqlState(cause) !== '23505') {
      const remedy = TIMED_OUT.has(sqlState(cause) ?? '')
        ? 'Run --indexes again. A timeout of the role cannot be lifted through a pooler: raise it (ALTER ROLE … SET statement_timeout = 0), or connect directly.'
        : 'Mend what it names, and run --indexes again.';
      return {
        status: 'failed',
        error: new IndexBuildError(name, `${messageOf(cause)}.${left}`, remedy, cause),
      };
    }
    const duplicates = await duplicateKeys(this.runner, definition);
    const detail = (cause as { driverError?: { detail?: string } }).driverError?.detail ?? messageOf(cause);
    const keys = duplicates.map(({ key, rows }) => `${key} ${rows} times`).join(', ');
    const error = new IndexBuildError(
      name,
      `the rows are not unique. ${keys === '' ? detail : `Duplicate keys: ${keys}.`}${left}`,
      'Merge or delete the duplicates with a backfill, and run --indexes again.',
      cause,
    );
    return { status: 'duplicates', duplicates, error };
  }

  async drop(table: string, name: string, patience: Partial<WatchOptions> = this.#patience): Promise<void> {
    const index = await findIndex(this.runner, table, name);
    if (index) await this.#watched(name, `DROP INDEX CONCURRENTLY IF EXISTS ${index.path}`, patience);
  }

  /** What a rebuild has replaced serves nobody: where it cannot be dropped now, the next run does so. */
  async dropOld({ name, table }: IndexDefinition): Promise<void> {
    const old = derivedName(name, OLD);
    await this.drop(table, old).catch((error: unknown) =>
      this.options.log.warn(`The index ${old} was replaced and is not dropped yet: ${messageOf(error)}`),
    );
  }

  #watched(name: string, sql: string, patience: Partial<WatchOptions> = this.#patience): Promise<void> {
    const tell = (line: string) => this.options.log.log(`${name}: ${line}`);
    const { beside, maxWait } = this.options;
    return withoutTimeouts(this.runner, () =>
      underWatch(this.runner, sql, { beside, tell, maxWait, ...patience }),
    );
  }

  get #patience(): Partial<WatchOptions> {
    const { signal } = this.options;
    return signal ? { signal } : {};
  }
}
