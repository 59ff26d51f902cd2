import { type LockFinding, LockJudge, lockLookups, SchemaState, type Statement } from 'nestjs-backfill-sql';
import type { DataSource } from 'typeorm';
import { rulesOfStep } from '../guard/guard-context.js';
import type { SendQuery } from '../guard/row-counters.js';
import { DangerousLockError } from '../migration.error.js';
import type { LockExemption, LocksPolicy, MigrationLog } from '../migration.options.js';
import { catalogOfEntities, readLockCatalog } from './lock-catalog.js';
import { lockWarning } from './lock-refusal-message.js';

export interface LockGuardOptions {
  readonly migration: string;
  readonly direction: 'up' | 'down';
  readonly dataSource: DataSource;
  readonly locks: LocksPolicy;
  readonly allowsLocks: LockExemption | undefined;
  readonly lockTimeoutMs: number;
  readonly log: MigrationLog;
}

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

  constructor(options: LockGuardOptions) {
    const state = states.get(options.dataSource) ?? new SchemaState();
    states.set(options.dataSource, state);
    // An earlier attempt was rolled back.
    state.forgetNew();
    state.forgetColumns();
    this.#options = options;
    this.#judge = new LockJudge(state);
    // A revert runs by hand, often during an incident: it must not be refused.
    this.#policy = options.direction === 'down' && options.locks === 'refuse' ? 'warn' : options.locks;
  }

  /** The transaction of the migration has ended. */
  endTransaction(): void {
    this.#judge.endTransaction();
  }

  /**
   * @param session `transaction` if the statements run in a transaction with others
   * @throws DangerousLockError before the statements are sent
   */
  async admit(
    statements: readonly Statement[],
    session: 'transaction' | 'alone',
    query: SendQuery,
  ): Promise<void> {
    const ddl = statements.flatMap((statement) => statement.ddl);
    if (this.#policy === 'off' || ddl.length === 0) return;
    const { dataSource, lockTimeoutMs } = this.#options;
    const context = {
      inTransaction: session === 'transaction' || statements.length > 1,
      lockTimeoutMs,
      catalog: catalogOfEntities(dataSource),
      postgres: majorVersionOf(dataSource),
    };
    const inspection = this.#judge.inspect(ddl, context);
    const lookups = lockLookups(ddl, inspection.findings);
    if (lookups) {
      const catalog = await readLockCatalog(query, dataSource, lookups);
      this.#report(this.#judge.judge(ddl, { ...context, catalog }));
    } else {
      this.#judge.accept(inspection);
      this.#report(inspection.findings);
    }
    // Before the next statements, the catalog is read again.
    this.#judge.state.forgetColumns();
  }

  /** The migration has succeeded: what it has created is unused by the releases that run. */
  finish(): void {
    this.#judge.state.startMigration();
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

  #report(findings: readonly LockFinding[]): void {
    const exempt = new Set<string>([...(this.#options.allowsLocks?.rules ?? []), ...rulesOfStep()]);
    const refused = findings.filter(({ rule }) => !exempt.has(rule));
    if (refused.length === 0) return;
    const { migration, direction, log } = this.#options;
    if (this.#policy === 'refuse') throw new DangerousLockError(migration, direction, refused);
    for (const finding of refused) log.warn(lockWarning(migration, direction, finding));
  }
}

/** TypeORM's driver reads the version with its first connection. */
function majorVersionOf({ driver }: DataSource): number | undefined {
  const major = Number.parseInt((driver as { readonly version?: string }).version ?? '', 10);
  return Number.isNaN(major) ? undefined : major;
}
