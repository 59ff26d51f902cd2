import { AsyncResource } from 'node:async_hooks';
import {
  loadClassifier,
  type LockFinding,
  LockJudge,
  type ObservedLock,
  OBSERVED_LOCKS,
  observedLockOf,
  RELATION_FILES,
  relationFilesOf,
  type Statement,
  type StatementClassifier,
  unannouncedLocks,
} from 'nestjs-backfill-sql';
import { UnannouncedLockError, type UnannouncedLockReport } from './unannounced-lock.error.js';

/** What is used of TypeORM's `QueryRunner`. @publicApi */
export interface LockQueryRunner {
  isTransactionActive: boolean;
  query(sql: string, ...rest: never[]): Promise<unknown>;
  startTransaction(): Promise<void>;
  commitTransaction(): Promise<void>;
  rollbackTransaction(): Promise<void>;
  release(): Promise<void>;
}

/** What is used of TypeORM's `DataSource`. @publicApi */
export interface LockDataSource {
  readonly migrations: readonly object[];
  createQueryRunner(): object;
}

/** A migration, or its class. @publicApi */
export type LockMigration = object | (new () => object);

interface RunnableMigration {
  readonly transaction?: boolean;
  up(queryRunner: unknown): Promise<unknown>;
}

/**
 * Runs migrations on a database of the test, and fails if one of them takes a lock that the lock rules did not
 * announce: a table is written again or read under the lock, or a statement locks a table that it does not name.
 * The database is empty, or has the tables and rows from before the migrations. TypeORM does not record them.
 *
 * @param dataSource is initialized
 * @param migrations instances or classes, in their order @default those of the data source
 * @throws {UnannouncedLockError} with the statement, the table and the lock
 * @publicApi
 * @example
 * it('takes no unexpected lock', () => expectSafeLocks(dataSource, [AddCity1700000000000]));
 */
export async function expectSafeLocks(
  dataSource: LockDataSource,
  migrations: readonly LockMigration[] = dataSource.migrations,
): Promise<void> {
  const observer = new LockObserver(await loadClassifier());
  for (const migration of migrations) {
    const runner = dataSource.createQueryRunner() as LockQueryRunner;
    try {
      await observer.run(instanceOf(migration), runner);
    } finally {
      if (runner.isTransactionActive) await runner.rollbackTransaction();
      await runner.release();
    }
  }
  if (observer.found.length > 0) throw new UnannouncedLockError(observer.found);
}

function instanceOf(migration: LockMigration): RunnableMigration {
  return (
    typeof migration === 'function' ? new (migration as new () => object)() : migration
  ) as RunnableMigration;
}

/** Statements that take no strong lock. */
const LOCKS_NOTHING = new Set(['VariableSetStmt', 'SelectStmt']);

class LockObserver {
  readonly found: UnannouncedLockReport[] = [];
  readonly #classifier: StatementClassifier;
  readonly #judge = new LockJudge();

  constructor(classifier: StatementClassifier) {
    this.#classifier = classifier;
  }

  /** Runs `up` as TypeORM does, and compares the locks after each statement with the rules. */
  async run(migration: RunnableMigration, runner: LockQueryRunner): Promise<void> {
    const send = runner.query.bind(runner) as (sql: string, ...rest: unknown[]) => Promise<unknown>;
    // A guarded migration refuses statements that are not its own in its asynchronous context.
    const query = AsyncResource.bind(async (sql: string) => (await send(sql)) as Record<string, unknown>[]);
    const observed = async (sql: string, ...rest: unknown[]): Promise<unknown> => {
      const statements = this.#mayLock(sql);
      if (statements.length === 0) return send(sql, ...rest);
      const before = {
        relations: relationFilesOf((await query(RELATION_FILES))[0]),
        locks: await locksOf(query),
      };
      const result = await send(sql, ...rest);
      const findings = this.#announced(statements);
      for (const { lock, what } of unannouncedLocks(statements, findings, {
        before,
        after: await locksOf(query),
      }))
        this.found.push(reportOf(migration, { lock, what, sql }));
      return result;
    };
    this.#judge.state.startRelease();
    runner.query = observed;
    if (migration.transaction !== false) await runner.startTransaction();
    await migration.up(runner);
    if (runner.isTransactionActive) await runner.commitTransaction();
    this.#judge.endTransaction();
  }

  #mayLock(sql: string): readonly Statement[] {
    const { statements } = this.#classifier.classify(sql);
    const isHarmless = statements.every(
      ({ effect, ddl }) =>
        (effect === 'read' || effect === 'session') && ddl.every(({ node }) => LOCKS_NOTHING.has(node)),
    );
    return isHarmless ? [] : statements;
  }

  /** The rules without a catalog: they announce all that a statement can do on a large table. */
  #announced(statements: readonly Statement[]): readonly LockFinding[] {
    const ddl = statements.flatMap((statement) => statement.ddl);
    return this.#judge.judge(ddl, { inTransaction: true, lockTimeoutMs: Infinity });
  }
}

async function locksOf(
  query: (sql: string) => Promise<Record<string, unknown>[]>,
): Promise<readonly ObservedLock[]> {
  return (await query(OBSERVED_LOCKS)).map(observedLockOf);
}

function reportOf(
  migration: RunnableMigration,
  {
    lock,
    what,
    sql,
  }: Pick<UnannouncedLockReport, 'what'> & { readonly lock: ObservedLock; readonly sql: string },
): UnannouncedLockReport {
  return {
    migration: migration.constructor.name,
    statement: sql.replace(/\s+/g, ' ').trim(),
    relation: `${lock.schema}.${lock.name}`,
    mode: lock.mode,
    what,
  };
}
