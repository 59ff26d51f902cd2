import type { Statement } from 'nestjs-backfill-sql';
import type { ReadStream } from 'node:fs';
import type { QueryRunner } from 'typeorm';
import type { LockRetry } from '../locks/lock-retry.js';
import { witnessOf } from '../locks/lock-witness.js';
import { StatementLocks } from '../locks/statement-locks.js';
import { RowsWrittenError } from '../migration.error.js';
import { isProbe, sending } from './guard-context.js';
import { committedFiles } from './committed-files.js';
import { type Admitted, dataSourceOf, type MigrationGuard } from './migration-guard.js';
import { hasHooks, probeRecording } from './recording-probe.js';
import { RowCounters, type SendQuery, type WrittenTable } from './row-counters.js';
import { RESTORE_LOCK_TIMEOUT, startTransaction, type TransactionStart } from './transaction-start.js';

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
  readonly #locks: StatementLocks;
  readonly #query: SendQuery;
  /** The last statement. Statements run one after the other, even if the migration does not await them. */
  #last: Promise<unknown> = Promise.resolve();
  /** The migration has sent BEGIN as SQL. */
  #hasBegun = false;
  /** The migration has ended the transaction with its own SQL, so the runner still considers it open. */
  #ended = false;
  /** What is known of the current transaction. It is read while the guard reads the first statement. */
  #start: Promise<TransactionStart> | undefined;
  /** The same, once it is read. */
  #started: TransactionStart | undefined;
  /** The counters at the start have been read. */
  #isCounting = false;

  constructor(raw: QueryRunner, guard: MigrationGuard, retry: LockRetry) {
    this.#raw = raw;
    this.#guard = guard;
    this.#retry = retry;
    this.#query = async (sql, parameters) => {
      await this.#start;
      return this.#sendOwn(sql, parameters);
    };
    this.#locks = new StatementLocks({ runner: raw, query: this.#query, guard });
    this.#rowCounters = new RowCounters({
      query: this.#query,
      mayWrite: guard.mayWrite,
      committedFiles: (ids) => committedFiles(dataSourceOf(raw), ids),
    });
  }

  get #inTransaction(): boolean {
    return this.#hasBegun || (this.#raw.isTransactionActive && !this.#ended);
  }

  /** A statement of the library itself. */
  #sendOwn(sql: string, parameters?: unknown[], onSent?: () => void): ReturnType<SendQuery> {
    return sending(this.#guard, sql, () => this.#raw.query(sql, parameters) as ReturnType<SendQuery>, onSent);
  }

  /** Starts the checks in an open transaction. It waits until they are sent: the guard reads SQL meanwhile. */
  async enterTransaction(): Promise<void> {
    this.#isCounting = false;
    this.#started = undefined;
    await new Promise<void>((resolve) => {
      this.#start = startTransaction((sql, parameters) => this.#sendOwn(sql, parameters, resolve), {
        lockTimeout: this.#retry.policy.lockTimeout,
        recordTable: this.#guard.record.table,
        witness: witnessOf(this.#raw),
        runner: this.#raw,
      });
      // The first statement, or the end, throws an error of it.
      this.#start.then((started) => void (this.#started = started)).then(resolve, () => resolve());
    });
  }

  /** Whether the transaction had changed nothing when the checks started. */
  async wasUnchanged(): Promise<boolean> {
    return (await this.#start?.catch(() => undefined))?.isUnchanged === true;
  }

  /**
   * Ends the checks, and restores the lock timeout for other migrations in the same transaction.
   *
   * @throws RowsWrittenError if the transaction has written rows without an exemption
   */
  async finish(): Promise<void> {
    const isOpen = this.#inTransaction;
    const start = await this.#start;
    if (isOpen) await witnessOf(this.#raw)?.settle(this.#query);
    // The transaction keeps the lock timeout of the policy, which TypeORM's record of the migration needs too.
    if (isOpen && start?.isPlain === true && this.#guard.isInert) return;
    if (!isOpen) await this.#query('BEGIN');
    try {
      if (!isOpen) await this.#rowCounters.begin('unchanged');
      else await this.#startCounting();
      const [written, { hooked }] = await this.#rowCounters.writtenAtEnd({
        select: `${RESTORE_LOCK_TIMEOUT}, ${hasHooks('$2')}`,
        parameters: [start?.lockTimeoutBefore ?? null, this.#guard.record.table],
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

  /** Before the first statement that can write rows. */
  async #startCounting(): Promise<void> {
    const start = await this.#start;
    if (this.#isCounting || !start) return;
    await this.#rowCounters.begin(start.isUnchanged ? 'unchanged' : 'changed');
    this.#isCounting = true;
  }

  async #verify(): Promise<void> {
    if (!this.#inTransaction) return;
    await witnessOf(this.#raw)?.settle(this.#query);
    if (this.#isCounting) this.#assertUnwritten((await this.#rowCounters.writtenAtEnd())[0]);
  }

  query(...args: QueryArguments): Promise<unknown> {
    const work = this.#last.then(() => this.#run(args));
    this.#last = this.#guard.track(work);
    return work;
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
      await this.#startCounting();
      return sending(this.#guard, sql, () => this.#raw.stream(sql, parameters, onEnd, onError));
    });
    this.#last = this.#guard.track(work);
    return work;
  }

  /** @returns undefined if it does not have to wait */
  #admitLocks(statements: readonly Statement[]): Promise<void> | undefined {
    const { locks } = this.#guard;
    const admit = () => locks.admit(statements, this.#inTransaction ? 'transaction' : 'alone', this.#query);
    if (!locks.mayShareTransaction) return admit();
    return Promise.resolve(this.#start).then((start) => {
      // A transaction that has changed nothing yet holds no lock of an earlier migration.
      if (start?.isUnchanged !== false) locks.endTransaction();
      return admit();
    });
  }

  /** It waits only for what is not known yet: the server is idle until the statement is sent. */
  async #run(args: QueryArguments): Promise<unknown> {
    const [sql, , structured] = args;
    const admission = this.#guard.admit(sql, this.#query);
    const admitted = admission instanceof Promise ? await admission : admission;
    const controls = admitted.statements.some(({ transaction }) => transaction !== undefined);
    if (!controls || admitted.statements.length === 1) {
      const admittedLocks = this.#admitLocks(admitted.statements);
      if (admittedLocks) await admittedLocks;
      return this.#send(admitted, args);
    }
    // BEGIN … COMMIT in one string are sent one by one, so that rows are counted before the commit.
    let result: unknown;
    for (const statement of admitted.statements) {
      await this.#admitLocks([statement]);
      result = await this.#send({ ...admitted, statements: [statement] }, [
        statement.text,
        undefined,
        structured,
      ]);
    }
    return result;
  }

  async #send(admitted: Admitted, [sql, parameters, structured]: QueryArguments): Promise<unknown> {
    const send = () => sending(this.#guard, sql, () => this.#raw.query(sql, parameters, structured as true));
    const control = admitted.statements[0]?.transaction;
    if (!this.#started) await this.#start;
    if (control === 'commit' || control === 'prepare') await this.#verify();
    if (control) return this.#control(control, send);
    if (this.#inTransaction) return this.#sendObserved(admitted, sql, send);
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
      await this.#start;
    } else if (control === 'commit' || control === 'rollback' || control === 'prepare') {
      this.#hasBegun = false;
      this.#ended = true;
      this.#guard.locks.endTransaction();
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
    if (!isHarmless && !isProbe()) this.#guard.recordCommitted(sql);
    return result;
  }

  async #inOwnTransaction(admitted: Admitted, sql: string, send: () => Promise<unknown>): Promise<unknown> {
    await this.#query('BEGIN');
    try {
      // Statements that only read are checked too: a view, an operator, a default or an event trigger may
      // call a function that writes rows.
      await this.enterTransaction();
      const result = await this.#sendObserved(admitted, sql, send);
      await witnessOf(this.#raw)?.settle(this.#query);
      if (this.#isCounting) this.#assertUnwritten((await this.#rowCounters.writtenAtEnd())[0]);
      await this.#query('COMMIT');
      return result;
    } catch (error) {
      await this.#query('ROLLBACK').catch(() => undefined);
      throw error;
    } finally {
      witnessOf(this.#raw)?.release();
    }
  }

  async #sendObserved(admitted: Admitted, sql: string, send: () => Promise<unknown>): Promise<unknown> {
    const start = this.#started ?? (await this.#start);
    // It can write rows neither by itself nor through a routine.
    const isInert = admitted.isInert && start?.isPlain === true;
    if (!isInert) await this.#startCounting();
    const isUnread = admitted.mustCountRows;
    const statements = admitted.statements.filter(({ effect }) => effect !== 'read' && effect !== 'session');
    const watching = this.#locks.watch({ statements, isInert, isUnread });
    const settle = watching instanceof Promise ? await watching : watching;
    const startedAt = performance.now();
    return this.#retry.observe(start?.pid ?? 0, sql, async () => {
      const result = await send();
      if (isUnread) this.#assertUnwritten(await this.#rowCounters.written());
      if (settle) await settle(startedAt);
      return result;
    });
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
