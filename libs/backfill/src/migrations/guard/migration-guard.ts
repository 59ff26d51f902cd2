import type { StatementClassifier, Classification, Routine, Statement } from 'nestjs-backfill-sql';
import type { DataSource, QueryRunner } from 'typeorm';
import { DataInMigrationError } from '../migration.error.js';
import type { GateKeeper } from './guard-context.js';
import { judge, type JudgeOptions, type Refusal, type RefusalCause } from './refusal.js';
import { lookUpRoutines } from './routine.catalog.js';
import type { Ask } from './row-witness.js';

/** A text that may be sent. */
export interface Admitted {
  readonly statements: readonly Statement[];
  /** At least one statement runs what could not be read. */
  readonly watch: boolean;
}

export interface GuardOptions extends JudgeOptions {
  readonly migration: string;
  readonly direction: 'up' | 'down';
  readonly dataSource: DataSource;
  readonly classifier: StatementClassifier;
}

/** Decides, for one run of one migration, which SQL may be sent. Remembers what the migration has created and what was refused. */
export class MigrationGuard implements GateKeeper {
  readonly #options: GuardOptions;
  readonly #prepared = new Set<string>();
  readonly #running = new Set<Promise<unknown>>();
  readonly #committed: string[] = [];
  #routines: readonly Routine[] = [];
  #firstRefusal: DataInMigrationError | undefined;
  #ended = false;

  constructor(options: GuardOptions) {
    this.#options = options;
  }

  get migration(): string {
    return this.#options.migration;
  }

  get direction(): 'up' | 'down' {
    return this.#options.direction;
  }

  get mayWrite(): readonly string[] {
    return [...this.#options.exemptTables, ...this.#options.bookkeeping];
  }

  /** Statements that were committed one by one, because the migration has no transaction of its own. */
  get committed(): readonly string[] {
    return this.#committed;
  }

  noteCommitted(sql: string): void {
    this.#committed.push(sql);
  }

  /** @throws DataInMigrationError before anything is sent */
  async admit(sql: string, ask: Ask): Promise<Admitted> {
    this.#demandText(sql);
    this.#refuseLate(sql);
    const first = this.#classify(sql);
    const open = first.statements.flatMap(({ unknowns }) => unknowns.flatMap(({ call }) => call ?? []));
    const inDefinitions = first.statements
      .filter(({ effect }) => effect === 'schema')
      .flatMap(({ calls }) => calls);
    const called = [...open, ...inDefinitions];
    if (called.length === 0) return this.#judge(sql, first);
    const known = await lookUpRoutines(ask, this.#options.classifier, called);
    return this.#judge(sql, this.#classify(sql, known));
  }

  /** For connections other than the migration's own, where no row counters are looked at: what cannot be read may not pass. */
  admitElsewhere(sql: unknown): void {
    this.#demandText(sql);
    this.#refuseLate(sql);
    const { watch, statements } = this.#judge(sql, this.#classify(sql));
    const unread = watch ? statements.find(({ unknowns }) => unknowns.length > 0) : undefined;
    const [unknown] = unread?.unknowns ?? [];
    if (unread && unknown) this.#refuse({ kind: 'undecidable', unknown }, unread.text, unread);
  }

  /** @throws DataInMigrationError: what could not be read commits by itself, so that nothing could be undone */
  refuseUnwitnessed(statement: Statement): never {
    const [unknown] = statement.unknowns;
    return this.#refuse(
      {
        kind: 'unwitnessed',
        unknown: unknown ?? {
          kind: 'dynamic-sql',
          detail: 'it calls a routine',
          position: statement.position,
          text: statement.text,
          via: [],
        },
      },
      statement.text,
      statement,
    );
  }

  /** @throws DataInMigrationError: the row counters have been switched off, so that nothing can be witnessed any more */
  refuseBlinded(): never {
    return this.#refuse({ kind: 'blinding', setting: 'track_counts' }, '', {
      position: { offset: 0, line: 1, column: 1 },
    });
  }

  /** Counts a statement as under way until it has settled. */
  track<T>(work: Promise<T>): Promise<T> {
    this.#running.add(work);
    const done = () => this.#running.delete(work);
    work.then(done, done);
    return work;
  }

  /** Waits for statements that nobody awaited; refuses all that come later. @throws the first refusal, also one that was caught */
  async end(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
    this.#ended = true;
    this.#throwRefusal();
  }

  /** For when the migration has thrown by itself: its first refusal, which its own error may only be the echo of. */
  async endFailed(): Promise<DataInMigrationError | undefined> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
    this.#ended = true;
    return this.#firstRefusal;
  }

  /** The author's code may have swallowed it: a step that silently did not happen. */
  #throwRefusal(): void {
    if (this.#firstRefusal) throw this.#firstRefusal;
  }

  #classify(sql: string, extra: readonly Routine[] = []): Classification {
    // What the migration itself created replaces what the database had.
    const own = new Set(this.#routines.map(({ name }) => name));
    const routines = [...extra.filter(({ name }) => !own.has(name)), ...this.#routines];
    return this.#options.classifier.classify(sql, { routines, prepared: this.#prepared });
  }

  #judge(sql: string, { statements, failure }: Classification): Admitted {
    if (failure) this.#refuse({ kind: 'unreadable', failure }, sql, failure);
    let watch = false;
    for (const statement of statements) {
      const verdict = judge(statement, this.#options);
      if (verdict.refused) this.#refuse(verdict.refused, statement.text, statement);
      watch ||= verdict.watch;
    }
    for (const { creates, prepares } of statements) {
      this.#routines = [...this.#routines, ...creates];
      if (prepares !== undefined) this.#prepared.add(prepares);
    }
    return { statements, watch };
  }

  /** A query object that builds what it sends by itself, or a caller that passes no text at all. */
  #demandText(sql: unknown): asserts sql is string {
    if (typeof sql === 'string') return;
    const message = `a text of SQL was expected, not ${sql === null ? 'null' : typeof sql}`;
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

function entityOf(dataSource: DataSource, table: string | undefined): string | undefined {
  const metadata = dataSource.entityMetadatas.find(({ tableName }) => tableName === table);
  return metadata?.targetName === '' ? undefined : metadata?.targetName;
}

/** TypeORM's own tables, under whatever names they were given. */
export function bookkeepingTables(dataSource: DataSource): readonly string[] {
  return [dataSource.options.migrationsTableName ?? 'migrations', dataSource.metadataTableName];
}

/** The data source of a query runner; named otherwise before TypeORM 1.0. */
export function dataSourceOf(queryRunner: QueryRunner): DataSource {
  const { dataSource, connection } = queryRunner as unknown as {
    dataSource?: DataSource;
    connection?: DataSource;
  };
  const found = dataSource ?? connection;
  if (!found) throw new TypeError('A query runner without a data source.');
  return found;
}
