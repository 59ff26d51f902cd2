import type { Statement } from 'nestjs-backfill-sql';
import type { ReadStream } from 'node:fs';
import type { QueryRunner } from 'typeorm';
import type { LockRetry } from '../locks/lock-retry.js';
import { witnessOf } from '../locks/lock-witness.js';
import { RowsWrittenError } from '../migration.error.js';
import { sending } from './guard-context.js';
import { committedFiles } from './committed-files.js';
import { type Admitted, dataSourceOf, type MigrationGuard } from './migration-guard.js';
import { hasHooks, probeRecording } from './recording-probe.js';
import { RowCounters, type SendQuery, type WrittenTable } from './row-counters.js';

/**
 * Sets the lock timeout of the DDL policy for the current transaction only, so that it also works behind a
 * pooler.
 */
const SET_LOCK_TIMEOUT = `
  pg_catalog.current_setting('lock_timeout') AS before, pg_catalog.pg_backend_pid() AS pid,
  pg_catalog.set_config('lock_timeout', $1, true) AS now,
  NOT EXISTS (SELECT FROM pg_catalog.pg_event_trigger)
    AND (pg_catalog.current_schemas(true))[1] = 'pg_catalog' AS is_plain`;
const RESTORE_LOCK_TIMEOUT = `
  pg_catalog.set_config('lock_timeout', coalesce($1::text, pg_catalog.current_setting('lock_timeout')), true) AS now`;

/** The arguments of TypeORM's `QueryRunner.query`. */
export type QueryArguments = readonly [
  sql: string,
  parameters?: unknown[] | undefined,
  useStructuredResult?: boolean | undefined,
];

/**
 * One connection of a migration. It checks each statement before it sends it. If the guard cannot read the
 * statement, it counts the rows that the statement writes.
 */
export class GuardedSession {
  readonly #raw: QueryRunner;
  readonly #guard: MigrationGuard;
  readonly #retry: LockRetry;
  readonly #rowCounters: RowCounters;
  readonly #query: SendQuery;
  /** The last statement. Statements run one after the other, even if the migration does not await them. */
  #last: Promise<unknown> = Promise.resolve();
  /** The migration has sent BEGIN as SQL. */
  #hasBegun = false;
  /** The migration has ended the transaction with its own SQL, so the runner still considers it open. */
  #ended = false;
  /** Server process of the current transaction; behind a pooler it changes with each transaction. */
  #pid = 0;
  #lockTimeoutBefore: string | undefined;
  /** No event trigger, and no name that shadows one of PostgreSQL: an inert statement writes no rows. */
  #isPlain = false;

  constructor(raw: QueryRunner, guard: MigrationGuard, retry: LockRetry) {
    this.#raw = raw;
    this.#guard = guard;
    this.#retry = retry;
    this.#query = (sql, parameters) =>
      sending(guard, sql, () => raw.query(sql, parameters)) as Promise<Record<string, unknown>[]>;
    this.#rowCounters = new RowCounters({
      query: this.#query,
      mayWrite: guard.mayWrite,
      committedFiles: (ids) => committedFiles(dataSourceOf(raw), ids),
    });
  }

  get #inTransaction(): boolean {
    return this.#hasBegun || (this.#raw.isTransactionActive && !this.#ended);
  }

  /**
   * Starts the checks in a transaction that the runner has opened.
   *
   * @returns whether that transaction has changed nothing yet
   */
  async enterTransaction(): Promise<boolean> {
    const row = await this.#rowCounters.begin({
      select: `${SET_LOCK_TIMEOUT}, ${hasHooks('$2')}`,
      parameters: [String(this.#retry.policy.lockTimeout), this.#guard.record.table],
    });
    await witnessOf(this.#raw)?.begin(this.#query);
    this.#isPlain = row['is_plain'] === true && row['hooked'] !== true;
    this.#pid = Number(row['pid']);
    this.#lockTimeoutBefore = String(row['before']);
    return row['unchanged'] === true;
  }

  /**
   * Ends the checks, and restores the lock timeout for other migrations in the same transaction.
   *
   * @throws RowsWrittenError if the transaction has written rows without an exemption
   */
  async finish(): Promise<void> {
    const isOpen = this.#inTransaction;
    // The transaction keeps the lock timeout of the policy, which TypeORM's record of the migration needs too.
    if (isOpen && this.#isPlain && this.#guard.isInert) return;
    if (!isOpen) await this.#query('BEGIN');
    try {
      if (!isOpen) await this.#rowCounters.begin();
      const [written, { hooked }] = await this.#rowCounters.writtenAnd({
        select: `${RESTORE_LOCK_TIMEOUT}, ${hasHooks('$2')}`,
        parameters: [this.#lockTimeoutBefore ?? null, this.#guard.record.table],
      });
      this.#assertUnwritten(written);
      if (hooked !== true) return;
      const byHooks = await probeRecording(this.#query, this.#guard.record, () =>
        this.#rowCounters.written(),
      );
      this.#assertUnwritten(byHooks);
    } finally {
      if (!isOpen) await this.#query('ROLLBACK').catch(() => undefined);
    }
  }

  async #verify(): Promise<void> {
    if (this.#inTransaction) this.#assertUnwritten(await this.#rowCounters.written());
  }

  query(...args: QueryArguments): Promise<unknown> {
    const work = this.#last.then(() => this.#run(args));
    this.#last = work.catch(() => undefined);
    return this.#guard.track(work);
  }

  stream(
    sql: string,
    parameters?: unknown[],
    onEnd?: () => void,
    onError?: (error: Error) => void,
  ): Promise<ReadStream> {
    const work = this.#last.then(async () => {
      const admitted = await this.#guard.admit(sql, this.#query);
      // A stream continues after this method, so its rows could not be counted.
      for (const statement of admitted.statements)
        if (statement.unknowns.length > 0) this.#guard.refuseUncounted(statement);
      await this.#admitLocks(admitted.statements);
      return sending(this.#guard, sql, () => this.#raw.stream(sql, parameters, onEnd, onError));
    });
    this.#last = work.catch(() => undefined);
    return this.#guard.track(work);
  }

  #admitLocks(statements: readonly Statement[]): Promise<void> {
    return this.#guard.admitLocks(statements, this.#inTransaction ? 'transaction' : 'alone', this.#query);
  }

  async #run(args: QueryArguments): Promise<unknown> {
    const [sql, , structured] = args;
    const admitted = await this.#guard.admit(sql, this.#query);
    const controls = admitted.statements.some(({ transaction }) => transaction !== undefined);
    if (!controls || admitted.statements.length === 1) {
      await this.#admitLocks(admitted.statements);
      return this.#send(admitted, args);
    }
    // BEGIN … COMMIT in one string are sent one by one, so that rows are counted before the commit.
    let result: unknown;
    for (const statement of admitted.statements) {
      await this.#admitLocks([statement]);
      result = await this.#send({ statements: [statement], mustCountRows: admitted.mustCountRows }, [
        statement.text,
        undefined,
        structured,
      ]);
    }
    return result;
  }

  async #send(admitted: Admitted, [sql, parameters, structured]: QueryArguments): Promise<unknown> {
    const { statements } = admitted;
    const send = () => sending(this.#guard, sql, () => this.#raw.query(sql, parameters, structured as true));
    const control = statements[0]?.transaction;
    if (control === 'commit' || control === 'prepare') await this.#verify();
    if (control) return this.#control(control, send);
    if (this.#inTransaction)
      return this.#retry.observe(this.#pid, sql, () => this.#sendCounted(admitted, send));
    return this.#sendOutsideTransaction(admitted, sql, send);
  }

  async #control(
    control: NonNullable<Statement['transaction']>,
    send: () => Promise<unknown>,
  ): Promise<unknown> {
    const result = await send();
    if (control === 'begin') {
      this.#hasBegun = true;
      this.#ended = false;
      await this.enterTransaction();
    } else if (control === 'commit' || control === 'rollback' || control === 'prepare') {
      this.#hasBegun = false;
      this.#ended = true;
      this.#guard.endTransaction();
      witnessOf(this.#raw)?.release();
    }
    if (control === 'commit') this.#guard.recordCommitted('everything up to its COMMIT');
    return result;
  }

  /**
   * Opens a transaction for the statement if PostgreSQL allows it. Then the policy applies to this statement
   * only, and rows are counted before the commit.
   */
  async #sendOutsideTransaction(
    admitted: Admitted,
    sql: string,
    send: () => Promise<unknown>,
  ): Promise<unknown> {
    const { statements, mustCountRows } = admitted;
    const commitsItself = statements.find(
      (statement) => statement.refusesTransaction || statement.controlsTransaction,
    );
    if (commitsItself && mustCountRows && commitsItself.unknowns.length > 0)
      this.#guard.refuseUncounted(commitsItself);
    const isHarmless =
      !mustCountRows && statements.every(({ effect }) => effect === 'read' || effect === 'session');
    const isSessionOnly = !mustCountRows && statements.every(({ effect }) => effect === 'session');
    const result =
      commitsItself || isSessionOnly
        ? await send()
        : await this.#retry.run(sql, () => this.#inOwnTransaction(admitted, sql, send));
    if (!isHarmless) this.#guard.recordCommitted(sql);
    return result;
  }

  async #inOwnTransaction(admitted: Admitted, sql: string, send: () => Promise<unknown>): Promise<unknown> {
    await this.#query('BEGIN');
    try {
      // Statements that only read are checked too: a view, an operator, a default or an event trigger may
      // call a function that writes rows.
      await this.enterTransaction();
      const result = await this.#retry.observe(this.#pid, sql, () => this.#sendCounted(admitted, send));
      this.#assertUnwritten(await this.#rowCounters.written());
      await this.#query('COMMIT');
      return result;
    } catch (error) {
      await this.#query('ROLLBACK').catch(() => undefined);
      throw error;
    } finally {
      witnessOf(this.#raw)?.release();
    }
  }

  async #sendCounted(admitted: Admitted, send: () => Promise<unknown>): Promise<unknown> {
    const startedAt = performance.now();
    const result = await send();
    if (admitted.mustCountRows) this.#assertUnwritten(await this.#rowCounters.written());
    const mayLock = admitted.statements.filter(({ effect }) => effect !== 'read' && effect !== 'session');
    if (mayLock.length > 0)
      await witnessOf(this.#raw)?.note(this.#query, {
        startedAt,
        sql: mayLock.map(({ text }) => text).join('; '),
      });
    return result;
  }

  #assertUnwritten(written: readonly WrittenTable[]): void {
    if (this.#rowCounters.hasStoppedCounting) this.#guard.refuseStoppedCounting();
    if (written.length === 0) return;
    const { migration, direction, committed } = this.#guard;
    const consequence =
      committed.length === 0
        ? 'The transaction is rolled back completely.'
        : `The statement was rolled back, but the migration does not run in a transaction. Already committed: ${committed.join('; ')}.`;
    throw new RowsWrittenError(migration, direction, written, consequence);
  }
}
