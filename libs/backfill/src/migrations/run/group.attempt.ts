import {
  type DataSource,
  Migration,
  MigrationExecutor,
  type MigrationInterface,
  type QueryRunner,
} from 'typeorm';
import { sqlState, TRANSACTION_TIMEOUT } from '../../postgres/error-classes.js';
import type { DeployLease } from '../../ledger/lease/deploy-lease.js';
import { insideMigration, unguarded } from '../guard/guard-context.js';
import { PhaseGuard } from '../guard/phase-guard.js';
import { migrationsTablePath } from '../guard/recording-probe.js';
import { forgetStart } from '../guard/transaction-start.js';
import type { LockRetry } from '../locks/lock-retry.js';
import { LockWitness, observeLocks } from '../locks/lock-witness.js';
import type { RanMigration } from '../migration.report.js';
import { declarationOf } from './guarded-migration.runner.js';
import { settingsFor } from './migration.settings.js';
import { beginMigrations, observedRunner, underPolicy } from './observed-runner.js';

export interface GroupAttemptOptions {
  readonly dataSource: DataSource;
  readonly lease: DeployLease;
  readonly retry: LockRetry;
  /** Whether the group shares one transaction. */
  readonly inTransaction: boolean;
}

/** Runs a group of migrations once, on a connection of its own, and lets TypeORM record them. */
export async function attemptGroup(
  group: readonly Migration[],
  options: GroupAttemptOptions,
): Promise<readonly RanMigration[]> {
  const { dataSource, lease, retry, inTransaction } = options;
  const runner = observedRunner(dataSource, retry);
  const ran: { readonly report: RanMigration; readonly witness: LockWitness }[] = [];
  const end = new SessionEnd();
  try {
    await end.watch(runner);
    // A migration without a transaction cannot be rolled back, so a process that has lost its lease must not
    // start it.
    await lease.confirm(runner);
    await insideMigration(await PhaseGuard.for(dataSource), async () => {
      if (inTransaction) await beginMigrations(runner, retry, migrationsTablePath(dataSource));
      for (const migration of group) {
        const witness = new LockWitness();
        observeLocks(runner, witness);
        ran.push({ report: await runOne(migration, runner, options), witness });
        forgetStart(runner);
      }
      await unguarded(() => lease.confirm(runner));
      if (runner.isTransactionActive) await runner.commitTransaction();
    });
    return ran.map(({ report, witness }) => {
      witness.release();
      return witness.locks.length > 0 ? { ...report, locks: witness.locks } : report;
    });
  } catch (error) {
    if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => undefined);
    throw end.error ?? error;
  } finally {
    end.stop();
    await runner.release();
  }
}

/** The part of a pooled connection that reports the end of its session. */
interface SessionEvents {
  on?(event: 'error', listener: (error: unknown) => void): void;
  removeListener?(event: 'error', listener: (error: unknown) => void): void;
}

/**
 * If `transaction_timeout` ends the session between two statements, the error of the next one only says that the
 * connection is closed.
 */
class SessionEnd {
  #client: SessionEvents | null = null;
  #error: unknown = null;
  readonly #listener = (error: unknown) => {
    if (sqlState(error) === TRANSACTION_TIMEOUT) this.#error ??= error;
  };

  /** The error of the server; null if it has not ended the session. */
  get error(): unknown {
    return this.#error;
  }

  async watch(runner: QueryRunner): Promise<void> {
    this.#client = (await runner.connect()) as SessionEvents;
    this.#client.on?.('error', this.#listener);
  }

  /** The next user of the connection has no listener of this one. */
  stop(): void {
    this.#client?.removeListener?.('error', this.#listener);
  }
}

async function runOne(
  migration: Migration,
  runner: QueryRunner,
  options: GroupAttemptOptions,
): Promise<RanMigration> {
  const startedAt = performance.now();
  if (options.inTransaction)
    await new MigrationExecutor(options.dataSource, runner).executeMigration(migration);
  else await runWithoutTransaction(migration, runner, options);
  const allowsData = migration.instance && declarationOf(migration.instance).allowsData?.reason;
  const durationMs = Math.round(performance.now() - startedAt);
  settingsFor(options.dataSource).log.log(`${migration.name} done in ${durationMs} ms.`);
  return { name: migration.name, durationMs, ...(allowsData !== undefined && { allowsData }) };
}

/** TypeORM's own statements run in transactions under the policy: its tables before, its record after. */
async function runWithoutTransaction(
  migration: Migration,
  runner: QueryRunner,
  { dataSource, retry }: GroupAttemptOptions,
): Promise<void> {
  const { instance, name } = migration;
  const builder = dataSource.driver.createSchemaBuilder() as MetadataBuilder;
  await retry.run(name, () =>
    underPolicy(runner, retry, async () => builder.createMetadataTableIfNecessary?.(runner)),
  );
  await instance?.up(runner);
  const done = new Migration(migration.id, migration.timestamp, name, NOTHING_TO_RUN);
  // It is recorded again after a lock timeout, but does not run again.
  await retry.run(`the record of ${name}`, () =>
    underPolicy(runner, retry, () => new MigrationExecutor(dataSource, runner).executeMigration(done)),
  );
}

/** TypeORM's builder for relational databases. */
interface MetadataBuilder {
  readonly createMetadataTableIfNecessary?: (runner: QueryRunner) => Promise<void>;
}

const NOTHING_TO_RUN: MigrationInterface = {
  up: () => Promise.resolve(),
  down: () => Promise.resolve(),
};
