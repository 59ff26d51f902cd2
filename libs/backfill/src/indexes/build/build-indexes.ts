import { reportableError } from '../../postgres/error-classes.js';
import { Logger } from '@nestjs/common';
import type { DataSource, QueryRunner } from 'typeorm';
import { DeployLease } from '../../ledger/lease/deploy-lease.js';
import { findTarget } from '../../ledger/target/target.js';
import type { Session } from '../../postgres/session.js';
import { OnlineIndexLedger } from '../../ledger/online-index.ledger.js';
import { DEFAULT_PATIENCE_MS, isUnavailable, whileUnavailable } from '../../postgres/server/availability.js';
import { tableOf, tablesOf } from '../declare/index.definition.js';
import type { DeclaredIndex } from '../declare/index.options.js';
import { IndexBuildError } from '../index.error.js';
import type { IndexPhaseReport, IndexReport, UndeclaredIndex } from '../index.report.js';
import type { BuildIndexesOptions } from './build-indexes.options.js';
import { ConcurrentIndexBuilder } from './concurrent.builder.js';
import { IndexBuilder } from './index.builder.js';

type Settings = Required<Omit<BuildIndexesOptions, 'signal'>> & Pick<BuildIndexesOptions, 'signal'>;

/**
 * The indexes phase of a deployment: builds each declared index that is missing, one after the other, with
 * `CREATE INDEX CONCURRENTLY`. Never throws. An index that could not be built is a warning in the report.
 *
 * @publicApi
 */
export async function buildIndexes(
  dataSource: DataSource,
  declared: readonly DeclaredIndex[],
  options: BuildIndexesOptions = {},
): Promise<IndexPhaseReport> {
  const settings = withDefaults(options);
  const startedAt = performance.now();
  const indexes: IndexReport[] = [];
  let undeclared: readonly UndeclaredIndex[] = [];
  let error: Error | undefined;
  try {
    const { connectTimeoutMs, log, signal } = settings;
    undeclared = await whileUnavailable(
      { patienceMs: connectTimeoutMs, log, subject: 'the indexes', signal },
      // After a failover, the indexes that are left are built under a new lease.
      () => buildUnderLease(dataSource, declared.slice(indexes.length), settings, indexes),
    );
  } catch (failure) {
    error = failure instanceof Error ? failure : new TypeError(String(failure), { cause: failure });
  }
  return {
    phase: 'indexes',
    outcome: outcomeOf(indexes, error),
    indexes,
    undeclared,
    ...(error && { error: reportableError(error) }),
    durationMs: Math.round(performance.now() - startedAt),
  };
}

function withDefaults({
  schema = 'nestjs_backfill',
  lease = 30_000,
  maxWait = 300_000,
  rebuild = false,
  log = new Logger('OnlineIndex'),
  waitsFor = () => Promise.resolve(null),
  progress = () => undefined,
  connectTimeoutMs = DEFAULT_PATIENCE_MS,
  signal,
}: BuildIndexesOptions): Settings {
  const given = { schema, lease, maxWait, rebuild, log, waitsFor, progress, connectTimeoutMs };
  return { ...given, ...(signal ? { signal } : {}) };
}

/** @param reports receives the report of each index, including the indexes before an error */
async function buildUnderLease(
  dataSource: DataSource,
  declared: readonly DeclaredIndex[],
  settings: Settings,
  reports: IndexReport[],
): Promise<readonly UndeclaredIndex[]> {
  const { schema, log, signal } = settings;
  const work = new TableWork(dataSource, settings);
  try {
    for (const index of declared) {
      if (signal?.aborted) {
        reports.push(notStarted(index, signal));
        continue;
      }
      const { runner, lease } = await work.on(tableOf(dataSource, index));
      // A process that stalled until its lease expired must not interfere with the new holder.
      await lease.confirm(runner);
      const report = await builderOf(dataSource, runner, lease, settings).ensure(index);
      if (report.error && isUnavailable(report.error)) throw report.error;
      reports.push(report);
    }
  } finally {
    await work.end();
  }
  const runner = dataSource.createQueryRunner();
  try {
    const undeclared = await new OnlineIndexLedger(runner, schema).undeclared(reports, tablesOf(dataSource));
    for (const { name, table } of undeclared)
      log.warn(`The index ${name} on ${table} is no longer declared. It is kept.`);
    return undeclared;
  } finally {
    await runner.release();
  }
}

interface HeldTable {
  readonly table: string;
  readonly lease: DeployLease;
  readonly runner: QueryRunner;
}

/**
 * The lease on the indexes of one table at a time. Other processes may build indexes of other tables meanwhile, e.g. in
 * the schemas of other tenants.
 */
class TableWork {
  readonly #dataSource: DataSource;
  readonly #settings: Settings;
  #held: HeldTable | null = null;

  constructor(dataSource: DataSource, settings: Settings) {
    this.#dataSource = dataSource;
    this.#settings = settings;
  }

  async on(table: string): Promise<HeldTable> {
    if (this.#held?.table === table) return this.#held;
    await this.end();
    const { schema, lease: duration, log } = this.#settings;
    const target = async (session: Session) => (await findTarget(session, table)).name;
    const options = {
      schema,
      phase: 'indexes',
      target,
      duration,
      log,
      warn: (line: string) => log.warn(line),
    };
    const lease = await DeployLease.acquire(this.#dataSource, options);
    return (this.#held = { table, lease, runner: this.#dataSource.createQueryRunner() });
  }

  async end(): Promise<void> {
    const held = this.#held;
    this.#held = null;
    // The pool may have one connection only, which the release of the lease needs.
    await held?.runner.release();
    await held?.lease.release();
  }
}

function builderOf(
  dataSource: DataSource,
  runner: QueryRunner,
  lease: DeployLease,
  { schema, rebuild, maxWait, log, waitsFor, progress, signal }: Settings,
): IndexBuilder {
  const concurrent = new ConcurrentIndexBuilder(runner, {
    maxWaitMs: maxWait,
    log,
    progress,
    sideConnection: lease.sideSession,
    ...(signal ? { signal } : {}),
  });
  return new IndexBuilder({
    dataSource,
    runner,
    concurrent,
    schema,
    log,
    waitsFor,
    rebuild: rebuild ? 'replace-differing' : 'report-differing',
  });
}

function notStarted({ options: { name } }: DeclaredIndex, { reason }: AbortSignal): IndexReport {
  const error = new IndexBuildError(
    name,
    `${String(reason)} before its build started.`,
    'Run --indexes again.',
  );
  return { name, table: '', status: 'stopped', durationMs: 0, error };
}

function outcomeOf(indexes: readonly IndexReport[], error: Error | undefined): IndexPhaseReport['outcome'] {
  const hasSucceeded =
    !error && indexes.every(({ status }) => ['exists', 'built', 'rebuilt', 'waiting'].includes(status));
  if (!hasSucceeded) return 'warnings';
  return indexes.every(({ status }) => status === 'exists' || status === 'waiting')
    ? 'nothing-to-do'
    : 'done';
}
