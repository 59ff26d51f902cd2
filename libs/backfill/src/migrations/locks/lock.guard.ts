import {
  isRestorable,
  LOCK_EFFECTS,
  type LockContext,
  type LockFinding,
  LockJudge,
  lockLookups,
  SchemaState,
  type Statement,
} from 'nestjs-backfill-sql';
import type { DataSource, QueryRunner } from 'typeorm';
import { rulesOfStep } from '../guard/guard-context.js';
import type { SendQuery } from '../guard/row-counters.js';
import { DangerousLockError } from '../migration.error.js';
import type { LockExemption, LocksPolicy, MigrationLog } from '../migration.options.js';
import { catalogOfEntities, readLockCatalog } from './lock-catalog.js';
import { lockWarning, unnamedLockWarning } from './lock-refusal-message.js';
import type { UnnamedLock } from './lock-witness.js';

export interface LockGuardOptions {
  readonly migration: string;
  readonly direction: 'up' | 'down';
  readonly dataSource: DataSource;
  /** The query runner of the caller. */
  readonly runner: QueryRunner;
  readonly locks: LocksPolicy;
  readonly allowsLocks: LockExemption | undefined;
  /** It waits for backfills, so that it belongs to a later release than the code that reads what it drops. */
  readonly isContract: boolean;
  readonly lockTimeoutMs: number;
  readonly log: MigrationLog;
}

/** The judge of the migration before, whose transaction may go on: see `migrationsTransactionMode: 'all'`. */
const lastJudges = new WeakMap<QueryRunner, LockJudge>();

/** What the migrations of a run have created so far. */
const states = new WeakMap<DataSource, SchemaState>();

/** A new run starts: a release may use everything that exists now. */
export function startLockRun(dataSource: DataSource): void {
  states.get(dataSource)?.startRelease();
}

/** Refuses statements of one migration whose locks can take the application down, or warns of them. */
export class LockGuard {
  readonly #options: LockGuardOptions;
  readonly #judge: LockJudge;
  readonly #policy: LocksPolicy;
  /** Dropped views and defaults that the migration may create again before its transaction ends. */
  #dropped: readonly LockFinding[] = [];
  #mayShareTransaction: boolean;
  #refusal: DangerousLockError | undefined;
  #context: LockContext | undefined;

  constructor(options: LockGuardOptions) {
    const state = states.get(options.dataSource) ?? new SchemaState();
    states.set(options.dataSource, state);
    // An earlier attempt was rolled back.
    state.forgetNew();
    state.forgetColumns();
    this.#options = options;
    this.#judge = new LockJudge(state);
    const before = lastJudges.get(options.runner);
    if (before) this.#judge.continueTransaction(before);
    lastJudges.delete(options.runner);
    this.#mayShareTransaction = before !== undefined;
    // A revert runs by hand, often during an incident: it must not be refused.
    this.#policy = options.direction === 'down' && options.locks === 'refuse' ? 'warn' : options.locks;
  }

  /** Whether the transaction may be that of the migration before, with its locks. */
  get mayShareTransaction(): boolean {
    return this.#mayShareTransaction;
  }

  /** The first refusal, which the migration may have caught. */
  get refusal(): DangerousLockError | undefined {
    return this.#refusal;
  }

  /** The transaction has ended, or it is another one than that of the migration before. */
  endTransaction(): void {
    this.#mayShareTransaction = false;
    this.#judge.endTransaction();
  }

  /** Locks that statements have taken through SQL that the guard could not read, or through a routine. */
  warnOfUnnamed(locks: readonly UnnamedLock[]): void {
    const { migration, direction, log } = this.#options;
    if (this.#policy === 'off') return;
    for (const { name, mode, by } of locks)
      log.warn(
        unnamedLockWarning(`${migration}.${direction}()`, {
          relation: `${name.schema}.${name.name}`,
          mode,
          sql: by.statements.map(({ text }) => text).join('; '),
        }),
      );
  }

  /**
   * @param session `transaction` if the statements run in a transaction with others
   * @returns undefined if nothing had to be read
   * @throws DangerousLockError before the statements are sent
   */
  admit(
    statements: readonly Statement[],
    session: 'transaction' | 'alone',
    query: SendQuery,
  ): Promise<void> | undefined {
    const ddl = statements.flatMap((statement) => statement.ddl);
    if (statements.some(({ transaction }) => transaction === 'commit')) this.#refuseDropped();
    if (this.#policy === 'off' || ddl.length === 0) return undefined;
    const { dataSource } = this.#options;
    const context = this.#contextOf(statements.length > 1 ? 'transaction' : session);
    const inspection = this.#judge.inspect(ddl, context);
    const lookups = lockLookups(ddl, inspection.findings);
    if (lookups)
      return readLockCatalog(query, dataSource, lookups).then((catalog) =>
        this.#judged(this.#judge.judge(ddl, { ...context, catalog, doubts: 'left out' }), session),
      );
    this.#judge.accept(inspection);
    this.#judged(inspection.findings, session);
    return undefined;
  }

  /** Before the database is asked. */
  #contextOf(session: 'transaction' | 'alone'): LockContext {
    const { dataSource, lockTimeoutMs } = this.#options;
    const inTransaction = session === 'transaction';
    if (this.#context?.inTransaction !== inTransaction)
      this.#context = {
        inTransaction,
        lockTimeoutMs,
        catalog: catalogOfEntities(dataSource),
        postgres: majorVersionOf(dataSource),
        doubts: 'reported',
      };
    return this.#context;
  }

  #judged(findings: readonly LockFinding[], session: 'transaction' | 'alone'): void {
    if (findings.length > 0) this.#reportOf(findings, session);
    // Before the next statements, the catalog is read again.
    this.#judge.state.forgetColumns();
  }

  /**
   * A view or a default that the migration creates again is not missed. In a transaction, that is known only at its end.
   */
  #reportOf(findings: readonly LockFinding[], session: 'transaction' | 'alone'): void {
    const { state } = this.#judge;
    const isOpen = (finding: LockFinding) =>
      isRestorable(finding) && (session === 'transaction' || !state.dropped.isMissing(finding));
    const open = session === 'transaction' ? findings.filter(isOpen) : [];
    this.#dropped = [...this.#dropped, ...open.filter((finding) => !this.#isExempt(finding))];
    this.#report(findings.filter((finding) => !isOpen(finding)));
  }

  /** @throws DangerousLockError if the migration has dropped a view or a default, and not created it again */
  #refuseDropped(): void {
    const missing = this.#dropped.filter((finding) => this.#judge.state.dropped.isMissing(finding));
    this.#dropped = [];
    this.#report(missing, 'The transaction is rolled back.');
  }

  /**
   * The migration has succeeded: what it has created is unused by the releases that run.
   *
   * @throws DangerousLockError if a view or a default that it has dropped is missing
   */
  finish(): void {
    this.#refuseDropped();
    this.#judge.state.startMigration();
    if (this.#options.runner.isTransactionActive) lastJudges.set(this.#options.runner, this.#judge);
  }

  /**
   * Statements on a connection other than the migration's own. The sizes of their tables are not known there.
   *
   * @throws DangerousLockError
   */
  admitOnOtherConnection(statements: readonly Statement[]): void {
    const ddl = statements.flatMap((statement) => statement.ddl);
    if (this.#policy === 'off' || ddl.length === 0) return;
    const { dataSource, lockTimeoutMs } = this.#options;
    const catalog = catalogOfEntities(dataSource);
    const postgres = majorVersionOf(dataSource);
    const context = { inTransaction: statements.length > 1, lockTimeoutMs, catalog, postgres };
    this.#report(new LockJudge(this.#judge.state).judge(ddl, context));
  }

  #isExempt({ rule }: LockFinding): boolean {
    const { allowsLocks, isContract } = this.#options;
    return (
      (isContract && rule === 'drop-column') ||
      allowsLocks?.rules.includes(rule) === true ||
      rulesOfStep().includes(rule)
    );
  }

  #report(findings: readonly LockFinding[], consequence?: string): void {
    const refused = findings.filter((finding) => !this.#isExempt(finding));
    if (refused.length === 0) return;
    const { migration, direction, log } = this.#options;
    const isSevere = ({ rule }: LockFinding) => LOCK_EFFECTS[rule].severity !== 'LOW';
    const [first, ...others] = this.#policy === 'refuse' ? refused.filter(isSevere) : [];
    if (first) {
      const error = new DangerousLockError(migration, direction, [first, ...others], consequence);
      this.#refusal ??= error;
      throw error;
    }
    for (const finding of refused) log.warn(lockWarning(migration, direction, finding));
  }
}

/** TypeORM's driver reads the version with its first connection. */
function majorVersionOf({ driver }: DataSource): number | undefined {
  const major = Number.parseInt((driver as { readonly version?: string }).version ?? '', 10);
  return Number.isNaN(major) ? undefined : major;
}
