import type { QueryRunner } from 'typeorm';
import { messageOf, redactUnlessOwn, sqlState, TRANSACTION_TIMEOUT } from '../../postgres/error-classes.js';
import { duplicateKeys, findIndex } from '../catalog/index.catalog.js';
import { createIndexConcurrently, type IndexDefinition } from '../declare/index.definition.js';
import { IndexBuildError } from '../index.error.js';
import type { IndexReport } from '../index.report.js';
import type { BuildIndexesOptions } from './build-indexes.options.js';
import { derivedName, OLD_SUFFIX } from './derived-name.js';
import { withoutTimeouts } from './session-timeouts.js';
import { CancelledError, runMonitored, type MonitorOptions } from './statement.monitor.js';

/** The part of the report for an index that was not built. */
export type FailedBuild = Pick<IndexReport, 'status' | 'error' | 'duplicates'>;

export interface ConcurrentIndexBuilderOptions extends Pick<
  MonitorOptions,
  'sideConnection' | 'maxWaitMs' | 'signal'
> {
  readonly log: { log(message: string): void; warn(message: string): void };
  /** As in `BuildIndexesOptions`. */
  readonly progress: NonNullable<BuildIndexesOptions['progress']>;
}

/** Limits of one statement. They replace those of the builder. */
type Limits = Pick<MonitorOptions, 'signal'> & Partial<Pick<MonitorOptions, 'maxWaitMs'>>;

const UNIQUE_VIOLATION = '23505';
/** SQLSTATEs of a statement timeout or cancel request, of a lock timeout, and of a transaction timeout. */
const TIMEOUT_STATES = new Set(['57014', '55P03', TRANSACTION_TIMEOUT]);
/**
 * Maximum wait of the clean-up after a failed build. It is short, because it delays a process that is
 * stopping.
 */
const MAX_CLEAN_UP_WAIT_MS = 2_000;

/** Builds and drops single indexes concurrently, on one connection. */
export class ConcurrentIndexBuilder {
  readonly #runner: QueryRunner;
  readonly #options: ConcurrentIndexBuilderOptions;

  constructor(runner: QueryRunner, options: ConcurrentIndexBuilderOptions) {
    this.#runner = runner;
    this.#options = options;
  }

  /**
   * @returns the failure; undefined if the index exists now. After a failed build, the INVALID index is
   * dropped. If it cannot be dropped, the error says that it remains.
   */
  async build(definition: IndexDefinition, name: string, table: string): Promise<FailedBuild | undefined> {
    const leftover = await findIndex(this.#runner, table, name);
    if (leftover?.valid) return undefined;
    try {
      if (leftover) {
        this.#options.log.warn(
          `The index ${name} is INVALID after an interrupted build. It is dropped and built again.`,
        );
        await this.drop(table, name);
      }
      const progressed = (share: number | null) => this.#options.progress({ name, table, share });
      progressed(0);
      await this.#run(name, createIndexConcurrently(definition, name, table), this.#limits, progressed);
      progressed(1);
      return undefined;
    } catch (error) {
      this.#options.progress({ name, table, share: null });
      return this.#failure(definition, name, error, await this.#cleanUp(table, name));
    }
  }

  async drop(table: string, name: string, limits: Limits = this.#limits): Promise<void> {
    const index = await findIndex(this.#runner, table, name);
    if (index) await this.#run(name, `DROP INDEX CONCURRENTLY IF EXISTS ${index.path}`, limits);
  }

  /**
   * Drops the index that a rebuild has replaced. No query uses it. If it cannot be dropped now, the next run
   * drops it.
   */
  async dropReplaced({ name, table }: IndexDefinition): Promise<void> {
    const old = derivedName(name, OLD_SUFFIX);
    await this.drop(table, old).catch((error: unknown) =>
      this.#options.log.warn(`The replaced index ${old} could not be dropped yet: ${messageOf(error)}`),
    );
  }

  /** @returns a sentence about an INVALID index that could not be dropped; empty if there is none */
  async #cleanUp(table: string, name: string): Promise<string> {
    try {
      const leftover = await findIndex(this.#runner, table, name);
      // A valid index, or one that is being built, belongs to another session.
      if (leftover && !leftover.valid && !leftover.inProgress)
        await this.drop(table, name, { maxWaitMs: MAX_CLEAN_UP_WAIT_MS });
      return '';
    } catch {
      // The drop waited for the same transaction, or the connection is lost.
      return ' An INVALID index is left behind; the next run drops it.';
    }
  }

  async #failure(
    definition: IndexDefinition,
    name: string,
    cause: unknown,
    leftBehind: string,
  ): Promise<FailedBuild> {
    if (cause instanceof CancelledError) {
      const remedy = this.#options.signal?.aborted
        ? 'Run --indexes again.'
        : 'End that transaction, or allow more time with --max-wait, and run --indexes again.';
      const error = new IndexBuildError(name, `${cause.reason}.${leftBehind}`, remedy, cause.cause);
      return { status: 'stopped', error };
    }
    if (sqlState(cause) === UNIQUE_VIOLATION) return this.#notUnique(definition, name, cause, leftBehind);
    const remedy = TIMEOUT_STATES.has(sqlState(cause) ?? '')
      ? 'Run --indexes again. A timeout of the role cannot be lifted through a pooler: raise it (ALTER ROLE … SET statement_timeout = 0; the same for lock_timeout and transaction_timeout), or connect directly.'
      : 'Fix the cause, and run --indexes again.';
    const error = new IndexBuildError(name, `${messageOf(cause)}.${leftBehind}`, remedy, cause);
    return { status: 'failed', error };
  }

  async #notUnique(
    definition: IndexDefinition,
    name: string,
    cause: unknown,
    leftBehind: string,
  ): Promise<FailedBuild> {
    const duplicates = (await duplicateKeys(this.#runner, definition)).map(({ key, rows }) => ({
      key: redactUnlessOwn(key, cause),
      rows,
    }));
    const found = (cause as { driverError?: { detail?: string } }).driverError?.detail;
    const detail = found === undefined ? messageOf(cause) : redactUnlessOwn(found, cause);
    const keys = duplicates.map(({ key, rows }) => `${key} ${rows} times`).join(', ');
    const error = new IndexBuildError(
      name,
      `the rows are not unique. ${keys === '' ? detail : `Duplicate keys: ${keys}.`}${leftBehind}`,
      'Merge or delete the duplicates with a backfill, and run --indexes again.',
      cause,
    );
    return { status: 'duplicates', duplicates, error };
  }

  #run(
    name: string,
    sql: string,
    limits: Limits = this.#limits,
    progressed: (share: number) => void = () => undefined,
  ): Promise<void> {
    const { sideConnection, maxWaitMs, log } = this.#options;
    const report = (line: string) => log.log(`${name}: ${line}`);
    return withoutTimeouts(this.#runner, () =>
      runMonitored(this.#runner, sql, { sideConnection, report, progressed, maxWaitMs, ...limits }),
    );
  }

  get #limits(): Limits {
    const { signal } = this.#options;
    return signal ? { signal } : {};
  }
}
