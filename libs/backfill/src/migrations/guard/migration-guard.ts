import {
  type Classification,
  isExtensionFunction,
  isInert,
  type Routine,
  type RoutineCall,
  type Statement,
  type StatementClassifier,
} from 'nestjs-backfill-sql';
import type { DataSource, QueryRunner } from 'typeorm';
import type { LockGuard } from '../locks/lock.guard.js';
import { DataInMigrationError, type MigrationRefusedError } from '../migration.error.js';
import type { OtherConnectionGuard } from './guard-context.js';
import type { MigrationRecord } from './recording-probe.js';
import { partitionsOf } from './partition.reader.js';
import {
  coversTable,
  entityOf,
  judge,
  type JudgeOptions,
  type Refusal,
  type RefusalCause,
  unknownOf,
} from './refusal.js';
import { readRoutines } from './routine.reader.js';
import type { SendQuery } from './row-counters.js';

/** SQL that may be sent. */
export interface Admitted {
  readonly statements: readonly Statement[];
  /**
   * At least one statement contains SQL that the guard cannot read, so the rows that it writes must be
   * counted.
   */
  readonly mustCountRows: boolean;
  /** No statement runs a routine. */
  readonly isInert: boolean;
}

export interface GuardOptions extends JudgeOptions {
  readonly migration: string;
  readonly direction: 'up' | 'down';
  readonly dataSource: DataSource;
  readonly classifier: StatementClassifier;
  /** It is created while the server reads what the first statement needs to know. */
  readonly locks: () => LockGuard;
  /** What TypeORM writes after the migration. */
  readonly record: MigrationRecord;
}

/**
 * Decides which SQL one run of one migration may send. It stores the routines that the migration has created,
 * and the first refusal.
 */
export class MigrationGuard implements OtherConnectionGuard {
  readonly #options: GuardOptions;
  readonly #prepared = new Set<string>();
  readonly #running = new Set<Promise<unknown>>();
  readonly #committed: string[] = [];
  #routines: readonly Routine[] = [];
  /** Temporary tables of the migration's own session. */
  #temporary: ReadonlySet<string> = new Set();
  /** The tables whose rows it may change, with the partitions of exempt tables. */
  #mayChange: JudgeOptions;
  #locks: LockGuard | undefined;
  #firstRefusal: DataInMigrationError | undefined;
  #ended = false;
  #isInert = true;

  constructor(options: GuardOptions) {
    this.#options = options;
    this.#mayChange = options;
  }

  get migration(): string {
    return this.#options.migration;
  }

  get direction(): 'up' | 'down' {
    return this.#options.direction;
  }

  /** No statement so far runs a routine. */
  get isInert(): boolean {
    return this.#isInert;
  }

  get record(): MigrationRecord {
    return this.#options.record;
  }

  get mayWrite(): readonly string[] {
    return [...this.#options.exemptTables, ...this.#options.bookkeeping];
  }

  /** The statements that are already committed, because the migration runs without a transaction. */
  get committed(): readonly string[] {
    return this.#committed;
  }

  recordCommitted(sql: string): void {
    this.#committed.push(sql);
  }

  /**
   * It answers at once where the text alone tells, because the server is idle meanwhile.
   *
   * @throws DataInMigrationError before the statement is sent
   */
  admit(sql: string, query: SendQuery): Admitted | Promise<Admitted> {
    this.#assertText(sql);
    this.#refuseLate(sql);
    const first = this.#classify(sql);
    const called = calledRoutines(first.statements);
    if (called.length === 0 && this.#options.exemptTables.length === 0) return this.#judge(sql, first);
    return this.#admitRead(sql, { first, called }, query);
  }

  /** Reads what the database knows about the statements before it judges them. */
  async #admitRead(
    sql: string,
    { first, called }: { readonly first: Classification; readonly called: readonly RoutineCall[] },
    query: SendQuery,
  ): Promise<Admitted> {
    await this.#findPartitions(first.statements, query);
    if (called.length === 0) return this.#judge(sql, first);
    const known = await readRoutines(query, this.#options.classifier, called);
    return this.#judge(sql, this.#classify(sql, known));
  }

  /** An exempt table stands for its partitions. */
  async #findPartitions(statements: readonly Statement[], query: SendQuery): Promise<void> {
    const { exemptTables } = this.#options;
    const changed = statements.flatMap(({ findings }) => findings.flatMap(({ table }) => table ?? []));
    const others = changed.filter((table) => !exemptTables.some((listed) => coversTable(listed, table)));
    if (others.length === 0) return;
    const partitions = await partitionsOf(query, others, exemptTables);
    const { exemptTables: known, bookkeeping } = this.#mayChange;
    this.#mayChange = { exemptTables: [...known, ...partitions], bookkeeping };
  }

  get locks(): LockGuard {
    return (this.#locks ??= this.#options.locks());
  }

  /**
   * Refuses SQL that the guard cannot read, because rows are counted only on the migration's own connection.
   */
  admitOnOtherConnection(sql: unknown): void {
    this.#isInert = false;
    this.#assertText(sql);
    this.#refuseLate(sql);
    const { mustCountRows, statements } = this.#judge(sql, this.#classify(sql));
    const unread = mustCountRows ? statements.find((statement) => this.#isUnread(statement)) : undefined;
    if (unread) this.#refuse({ kind: 'undecidable', unknown: unknownOf(unread) }, unread.text, unread);
    this.locks.admitOnOtherConnection(statements);
  }

  /** Whether a statement on another connection may write rows through SQL that the guard has not read. */
  #isUnread({ unknowns, calls, effect }: Statement): boolean {
    if (unknowns.length > 0) return true;
    const isRead = ({ name }: RoutineCall) =>
      isExtensionFunction(name) || this.#routines.some((routine) => routine.name === name);
    // The definition of a column, or a change of its type, runs the functions in it for each row.
    return effect === 'schema' && calls.some((call) => !isRead(call));
  }

  /**
   * @throws DataInMigrationError because the statement commits its own changes and the guard cannot read it,
   * so the changes could not be rolled back
   */
  refuseUncounted(statement: Statement): never {
    return this.#refuse({ kind: 'unwitnessed', unknown: unknownOf(statement) }, statement.text, statement);
  }

  /** @throws DataInMigrationError because the migration turned the row counters off */
  refuseStoppedCounting(): never {
    return this.#refuse({ kind: 'blinding', setting: 'track_counts' }, '', {
      position: { offset: 0, line: 1, column: 1 },
    });
  }

  /** Counts a statement as running until it settles. @returns settles then, without an error */
  track(work: Promise<unknown>): Promise<unknown> {
    this.#running.add(work);
    const done = () => this.#running.delete(work);
    return work.then(done, done);
  }

  /**
   * Waits for statements that were not awaited, and refuses all later ones.
   *
   * @throws the first refusal, even if the migration has caught it: a statement is missing
   */
  async end(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
    this.#ended = true;
    const refusal = this.#refusal;
    if (refusal) throw refusal;
    this.locks.finish();
  }

  /**
   * Ends the guard after an error of the migration. @returns the first refusal, which may have caused the
   * error
   */
  async endFailed(): Promise<MigrationRefusedError | undefined> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
    this.#ended = true;
    return this.#refusal;
  }

  get #refusal(): MigrationRefusedError | undefined {
    return this.#firstRefusal ?? this.#locks?.refusal;
  }

  #classify(sql: string, extra: readonly Routine[] = []): Classification {
    return this.#options.classifier.classify(sql, {
      routines: extra.length === 0 ? this.#routines : this.#withOwn(extra),
      prepared: this.#prepared,
      temporary: this.#temporary,
    });
  }

  /** A routine that the migration created replaces the one in the database. */
  #withOwn(extra: readonly Routine[]): readonly Routine[] {
    const own = new Set(this.#routines.map(({ name }) => name));
    return [...extra.filter(({ name }) => !own.has(name)), ...this.#routines];
  }

  #judge(sql: string, { statements, failure, temporary }: Classification): Admitted {
    if (failure) this.#refuse({ kind: 'unreadable', failure }, sql, failure);
    let mustCountRows = false;
    for (const statement of statements) {
      const verdict = judge(statement, this.#mayChange);
      if (verdict.refused) this.#refuse(verdict.refused, statement.text, statement);
      mustCountRows ||= verdict.mustCountRows;
    }
    for (const { creates, prepares } of statements) {
      if (creates.length > 0) this.#routines = [...this.#routines, ...creates];
      if (prepares !== undefined) this.#prepared.add(prepares);
    }
    this.#temporary = temporary;
    const areInert = statements.every(isInert);
    this.#isInert &&= areInert;
    return { statements, mustCountRows, isInert: areInert };
  }

  /** Refuses a query object that builds its own messages, and a call without SQL. */
  #assertText(sql: unknown): asserts sql is string {
    if (typeof sql === 'string') return;
    const message = `SQL as a string was expected, not ${sql === null ? 'null' : typeof sql}`;
    const position = { offset: 0, line: 1, column: 1 };
    this.#refuse({ kind: 'unreadable', failure: { message, position } }, '', { position });
  }

  #refuseLate(sql: string): void {
    if (this.#ended) this.#refuse({ kind: 'late' }, sql, { position: { offset: 0, line: 1, column: 1 } });
  }

  #refuse(cause: RefusalCause, sql: string, at: Pick<Refusal, 'position'>): never {
    const { migration, direction, dataSource } = this.#options;
    const position = cause.kind === 'data' ? cause.finding.position : at.position;
    const entity = cause.kind === 'data' ? entityOf(dataSource, cause.finding.table?.name) : undefined;
    const error = new DataInMigrationError({
      migration,
      direction,
      cause,
      sql,
      position,
      committed: [...this.#committed],
      ...(entity !== undefined && { entity }),
    });
    this.#firstRefusal ??= error;
    throw error;
  }
}

/** The routines whose bodies decide what the statements do. */
function calledRoutines(statements: readonly Statement[]): readonly RoutineCall[] {
  const called: RoutineCall[] = [];
  for (const { unknowns, effect, calls } of statements) {
    for (const { call } of unknowns) if (call) called.push(call);
    if (effect === 'schema') called.push(...calls);
  }
  return called;
}

/** The data source of a query runner. Before TypeORM 1.0 the property is `connection`. */
export function dataSourceOf(queryRunner: QueryRunner): DataSource {
  const { dataSource, connection } = queryRunner as unknown as {
    dataSource?: DataSource;
    connection?: DataSource;
  };
  const found = dataSource ?? connection;
  if (!found) throw new TypeError('The query runner has no data source.');
  return found;
}
