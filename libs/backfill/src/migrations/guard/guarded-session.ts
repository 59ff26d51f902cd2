import type { Statement } from 'nestjs-backfill-sql';
import type { ReadStream } from 'node:fs';
import type { QueryRunner } from 'typeorm';
import type { LockRetry } from '../run/lock-retry.js';
import { RowsWrittenError } from '../migration.error.js';
import { pastTheGuard } from './guard-context.js';
import type { Admitted, MigrationGuard } from './migration-guard.js';
import { type Ask, RowWitness, type WrittenTable } from './row-witness.js';

/** Sets the DDL policy for the transaction at hand, in a way that holds through a pooler and ends with the transaction. */
const SET_LOCK_TIMEOUT = `
  pg_catalog.current_setting('lock_timeout') AS before, pg_catalog.pg_backend_pid() AS pid,
  pg_catalog.pg_current_xact_id_if_assigned() IS NULL AS untouched, pg_catalog.set_config('lock_timeout', $1, true) AS now`;
const RESTORE_LOCK_TIMEOUT = `pg_catalog.set_config('lock_timeout', $1, true) AS now`;

/** What a migration does on one connection: every statement is admitted, then sent, and watched where it could not be read. */
export class GuardedSession {
  readonly #raw: QueryRunner;
  readonly #guard: MigrationGuard;
  readonly #retry: LockRetry;
  readonly #witness: RowWitness;
  readonly #ask: Ask;
  /** Statements run one behind the other, also when the migration does not await them. */
  #last: Promise<unknown> = Promise.resolve();
  /** The migration has sent BEGIN as SQL. */
  #begun = false;
  /** The migration has ended a transaction by SQL of its own, which its runner believes to be open. */
  #ended = false;
  /** The server's process of the transaction at hand: behind a pooler it changes from one to the next. */
  #pid = 0;
  #lockTimeoutBefore: string | undefined;

  constructor(raw: QueryRunner, guard: MigrationGuard, retry: LockRetry) {
    this.#raw = raw;
    this.#guard = guard;
    this.#retry = retry;
    this.#ask = (sql, parameters) =>
      pastTheGuard(() => raw.query(sql, parameters)) as Promise<Record<string, unknown>[]>;
    this.#witness = new RowWitness(this.#ask, guard.mayWrite);
  }

  get #inTransaction(): boolean {
    return this.#begun || (this.#raw.isTransactionActive && !this.#ended);
  }

  /**
   * The migration starts inside a transaction that its runner has opened.
   *
   * @returns whether that transaction has done nothing yet. It gets its number with its first change, DDL included.
   */
  async enterTransaction(): Promise<boolean> {
    const row = await this.#witness.begin({
      select: SET_LOCK_TIMEOUT,
      parameters: [String(this.#retry.policy.lockTimeout)],
    });
    this.#pid = Number(row['pid']);
    this.#lockTimeoutBefore = String(row['before']);
    return row['untouched'] === true;
  }

  /**
   * The migration has ended. Others that share the transaction find their own patience again.
   *
   * @throws RowsWrittenError when the transaction holds rows that it should not
   */
  async leave(): Promise<void> {
    if (!this.#inTransaction) return;
    const before = this.#lockTimeoutBefore;
    this.#accept(
      await this.#witness.written(
        before === undefined ? undefined : { select: RESTORE_LOCK_TIMEOUT, parameters: [before] },
      ),
    );
  }

  async #verify(): Promise<void> {
    if (this.#inTransaction) this.#accept(await this.#witness.written());
  }

  query(sql: string, parameters?: unknown[], structured?: boolean): Promise<unknown> {
    const turn = this.#last.then(() => this.#run(sql, parameters, structured));
    this.#last = turn.catch(() => undefined);
    return this.#guard.track(turn);
  }

  stream(
    sql: string,
    parameters?: unknown[],
    onEnd?: () => void,
    onError?: (error: Error) => void,
  ): Promise<ReadStream> {
    const turn = this.#last.then(async () => {
      const admitted = await this.#guard.admit(sql, this.#ask);
      // A stream runs on after this method has ended: there is no moment at which it could be witnessed.
      for (const statement of admitted.statements)
        if (statement.unknowns.length > 0) this.#guard.refuseUnwitnessed(statement);
      return pastTheGuard(() => this.#raw.stream(sql, parameters, onEnd, onError));
    });
    this.#last = turn.catch(() => undefined);
    return this.#guard.track(turn);
  }

  async #run(
    sql: string,
    parameters: unknown[] | undefined,
    structured: boolean | undefined,
  ): Promise<unknown> {
    const admitted = await this.#guard.admit(sql, this.#ask);
    const controls = admitted.statements.some(({ transaction }) => transaction !== undefined);
    if (!controls || admitted.statements.length === 1)
      return this.#send(admitted, sql, parameters, structured);
    // BEGIN … COMMIT in one string: one by one, so that what is committed was witnessed before.
    let result: unknown;
    for (const statement of admitted.statements)
      result = await this.#send(
        { statements: [statement], watch: admitted.watch },
        statement.text,
        undefined,
        structured,
      );
    return result;
  }

  async #send(
    admitted: Admitted,
    sql: string,
    parameters: unknown[] | undefined,
    structured: boolean | undefined,
  ): Promise<unknown> {
    const { statements } = admitted;
    const send = () => pastTheGuard(() => this.#raw.query(sql, parameters, structured as true));
    const control = statements[0]?.transaction;
    if (control === 'commit' || control === 'prepare') await this.#verify();
    if (control) return this.#control(control, send);
    if (this.#inTransaction) return this.#retry.observe(this.#pid, sql, () => this.#watched(admitted, send));
    return this.#alone(admitted, sql, send);
  }

  async #control(
    control: NonNullable<Statement['transaction']>,
    send: () => Promise<unknown>,
  ): Promise<unknown> {
    const result = await send();
    if (control === 'begin') {
      this.#begun = true;
      this.#ended = false;
      await this.enterTransaction();
    } else if (control === 'commit' || control === 'rollback' || control === 'prepare') {
      this.#begun = false;
      this.#ended = true;
    }
    if (control === 'commit') this.#guard.noteCommitted('everything up to its COMMIT');
    return result;
  }

  /** Outside of a transaction: one of its own, where PostgreSQL allows it, so that the policy is local and the witness comes before the commit. */
  async #alone(admitted: Admitted, sql: string, send: () => Promise<unknown>): Promise<unknown> {
    const { statements, watch } = admitted;
    const byItself = statements.find((one) => one.refusesTransaction || one.controlsTransaction);
    if (byItself && watch && byItself.unknowns.length > 0) this.#guard.refuseUnwitnessed(byItself);
    const harmless = !watch && statements.every(({ effect }) => effect === 'read' || effect === 'session');
    const ofTheSession = !watch && statements.every(({ effect }) => effect === 'session');
    const result =
      byItself || ofTheSession
        ? await send()
        : await this.#retry.run(sql, () => this.#inOwnTransaction(admitted, sql, send));
    if (!harmless) this.#guard.noteCommitted(sql);
    return result;
  }

  async #inOwnTransaction(admitted: Admitted, sql: string, send: () => Promise<unknown>): Promise<unknown> {
    await this.#ask('BEGIN');
    try {
      // Also for what reads: a view, an operator, a default or an event trigger may run a function that writes.
      await this.enterTransaction();
      const result = await this.#retry.observe(this.#pid, sql, () => this.#watched(admitted, send));
      this.#accept(await this.#witness.written());
      await this.#ask('COMMIT');
      return result;
    } catch (error) {
      await this.#ask('ROLLBACK').catch(() => undefined);
      throw error;
    }
  }

  async #watched(admitted: Admitted, send: () => Promise<unknown>): Promise<unknown> {
    if (!admitted.watch) return send();
    const [result, truncated] = await this.#witness.truncatedBy(send);
    this.#accept([...truncated, ...(await this.#witness.written())]);
    return result;
  }

  #accept(written: readonly WrittenTable[]): void {
    if (this.#witness.blinded) this.#guard.refuseBlinded();
    if (written.length === 0) return;
    const { migration, direction, committed } = this.#guard;
    const fate =
      committed.length === 0
        ? 'Its transaction is rolled back: nothing of it stays.'
        : `The statement was rolled back, but this migration does not run in a transaction, and these were committed before it: ${committed.join('; ')}.`;
    throw new RowsWrittenError(migration, direction, written, fate);
  }
}
