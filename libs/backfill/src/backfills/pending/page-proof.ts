import { keyFromJson, type Key } from '../../ledger/range.js';
import { startCtid } from '../../ledger/pages/page-position.js';
import { NoConnectionError } from '../../postgres/session.opener.js';
import { boolean, number } from '../../postgres/decoders.js';
import { classifyDatabaseError, sqlState } from '../../postgres/error-classes.js';
import { toArrayText } from '../../postgres/text-format.js';
import type { Statement } from '../../postgres/pipeline.js';
import { Session } from '../../postgres/session.js';
import { applyPolicy } from '../../postgres/timeout-policy.js';
import { FileSelection, type PendingOptions, type RowSelection } from '../batch/row-selection.js';
import { ROW } from '../definition/definition.js';
import { inspectFiles, type SweptFile } from './order.inspector.js';
import { TOO_SLOW, unlessTooSlow, type TooSlow } from './too-slow.js';

/** Number of pages that the first statement reads. Small, because a statement timeout ends the search. */
const FIRST_WINDOW_PAGES = 16;
/** Maximum number of pages that one statement reads: 64 MB. */
const MAX_WINDOW_PAGES = 8_192;
/** After a statement timeout, the maximum number of pages is the last one divided by this factor. */
const SHRINK_FACTOR = 8;
/**
 * The search starts again after a statement timeout, after it has yielded to another session's lock, and if the files
 * have changed before its snapshot.
 */
const MAX_ATTEMPTS = 4;
/** The number of pages of a statement is doubled while it takes less than half of this time. */
const WINDOW_MS = 1_000;
/** An old snapshot keeps dead rows from VACUUM. This is how long the proof may hold one, in milliseconds. */
const MAX_SNAPSHOT_MS = 15 * 60_000;
/**
 * How long this connection waits for a lock on the table, in milliseconds. Then the caller's connection waits for it,
 * which a run watches: it says for which session.
 */
const MAX_LOCK_WAIT_MS = 1_000;
/** Whether another session waits for a lock on one of the files, e.g. for an ALTER TABLE. */
const IS_WAITED_FOR = `EXISTS (SELECT FROM pg_catalog.pg_locks WHERE relation = ANY($1::regclass[]::oid[]) AND NOT granted
    AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()))`;

/** How far a search for a pending row is, if one statement cannot read the whole table. */
export interface ProofProgress {
  /** What was read without finding a pending row. */
  readonly done: number;
  /** Null if not known. */
  readonly total: number | null;
  readonly unit: 'page' | 'row';
}

export interface PageProofOptions extends PendingOptions {
  /** Called before each statement. False stops the search. */
  readonly canContinue: (progress: ProofProgress) => Promise<boolean>;
  /** Called with the connection of the search, and with null at its end. @default not called */
  readonly onSession?: (session: Session | null) => void;
  /** Milliseconds. @default MAX_SNAPSHOT_MS */
  readonly maxSnapshotMs?: number;
}

/** Why a search ended without a result. */
const INTERRUPTIONS = ['too-slow', 'yielded', 'files-changed', 'expired'] as const;
type Interruption = (typeof INTERRUPTIONS)[number];
type Found = Key | null | 'stopped';

/**
 * Searches all pages for a pending row, in one REPEATABLE READ transaction of a connection of its own. With
 * several snapshots, a row could move behind the search, from a page that has not been read to one that has.
 *
 * @param caller a connection without an open transaction
 * @returns the key of a pending row; null if there is none; `stopped` if `canContinue` returned false; `TOO_SLOW`
 * if the search gave up: a statement or the whole search took too long, another session waits for a lock on the
 * table, the files cannot be read page by page, or the pool has no second connection
 */
export async function findPendingByPages(
  caller: Session,
  selection: RowSelection,
  options: PageProofOptions,
): Promise<Found | TooSlow> {
  const session = await openUnlessBusy(selection);
  if (session === null) return TOO_SLOW;
  options.onSession?.(session);
  try {
    let maxPages = MAX_WINDOW_PAGES;
    for (let attempt = 1; attempt <= MAX_ATTEMPTS && maxPages > 0; attempt++) {
      // A lock ends the caller's statement: its wait is the one that a run watches.
      const inspected = await unlessTooSlow(() => inspectFiles(caller, selection));
      if (inspected === TOO_SLOW) continue;
      const { files, obstacle } = inspected;
      if (obstacle !== null) return TOO_SLOW;
      const search = new PageSearch(session, selection, files, maxPages);
      const found = await unlessInterrupted(() => search.run(options));
      if (!isInterruption(found)) return found;
      // A second search would take as long.
      if (found === 'expired') return TOO_SLOW;
      if (found === 'too-slow') maxPages = Math.floor(search.windowPages / SHRINK_FACTOR);
    }
    return TOO_SLOW;
  } finally {
    options.onSession?.(null);
    await session.close();
  }
}

function isInterruption(found: unknown): found is Interruption {
  return INTERRUPTIONS.some((interruption) => interruption === found);
}

async function unlessInterrupted<T>(work: () => Promise<T>): Promise<T | Interruption> {
  try {
    return await work();
  } catch (error) {
    const failure = classifyDatabaseError(error);
    if (failure === 'too-slow') return failure;
    if (failure === 'lock') return 'yielded';
    throw error;
  }
}

async function openUnlessBusy({ definition }: RowSelection): Promise<Session | null> {
  const { dataSource, pace } = definition;
  try {
    return await Session.open(dataSource, { statementTimeout: pace.statementTimeout });
  } catch (error) {
    if (error instanceof NoConnectionError) return null;
    throw error;
  }
}

/** undefined_table, invalid_schema_name */
const TABLE_IS_GONE: ReadonlySet<string> = new Set(['42P01', '3F000']);

function identityOf(files: readonly SweptFile[]): string {
  return JSON.stringify(files.map(({ table, tableId, fileNode }) => [table, tableId, fileNode]));
}

/** One search of all pages in one transaction. */
class PageSearch {
  readonly #session: Session;
  readonly #selection: RowSelection;
  readonly #files: readonly SweptFile[];
  readonly #targetMs: number;
  readonly #startedAt = performance.now();
  readonly #maxPages: number;
  #windowPages: number;
  /** The pages that were read, of all files. */
  #donePages = 0;

  constructor(session: Session, selection: RowSelection, files: readonly SweptFile[], maxPages: number) {
    this.#maxPages = maxPages;
    this.#windowPages = Math.min(FIRST_WINDOW_PAGES, maxPages);
    this.#session = session;
    this.#selection = selection;
    this.#files = files;
    this.#targetMs = Math.min(WINDOW_MS, selection.definition.pace.statementTimeout / 4);
  }

  /** Number of pages of the last statement. */
  get windowPages(): number {
    return this.#windowPages;
  }

  async run(options: PageProofOptions): Promise<Found | Interruption> {
    if (!(await this.#lockFiles())) return 'files-changed';
    try {
      if (!(await this.#hasSameFiles())) return 'files-changed';
      return await this.#searchFiles(options);
    } finally {
      // Also if `canContinue` throws: the connection returns to the application's pool.
      await this.#session.rollback();
    }
  }

  async #searchFiles(options: PageProofOptions): Promise<Found | Interruption> {
    for (const file of this.#files) {
      const found = await this.#searchFile(new FileSelection(this.#selection, file), options);
      if (found !== null) return found;
    }
    return null;
  }

  /**
   * The locks come before the snapshot. Otherwise a rewrite of a table between the two would make the table
   * appear empty (PostgreSQL manual, "Caveats" of MVCC). The limits come before the locks, as SET, because a function
   * would take the snapshot.
   *
   * @returns false if a file has been dropped or renamed meanwhile
   */
  async #lockFiles(): Promise<boolean> {
    const { pace } = this.#selection.definition;
    const policy = applyPolicy({ ...pace, transactionTimeout: MAX_SNAPSHOT_MS + pace.statementTimeout });
    const lockTimeout = Math.round(Math.min(MAX_LOCK_WAIT_MS, pace.lockTimeout));
    try {
      await this.#session.begin([
        { text: 'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ' },
        { text: `SET LOCAL lock_timeout = ${lockTimeout}` },
        { text: `SET LOCAL statement_timeout = ${Math.round(pace.statementTimeout)}` },
        ...this.#files.map(({ table }): Statement => ({
          text: `LOCK TABLE ONLY ${table} IN ACCESS SHARE MODE`,
        })),
        policy,
      ]);
      return true;
    } catch (error) {
      if (TABLE_IS_GONE.has(sqlState(error) ?? '')) return false;
      throw error;
    }
  }

  /**
   * Whether the locked files are still those of the table: a partition may have been detached, attached, dropped or
   * replaced after the files were listed, and before the lock.
   */
  async #hasSameFiles(): Promise<boolean> {
    const { files } = await inspectFiles(this.#session, this.#selection);
    return identityOf(files) === identityOf(this.#files);
  }

  async #searchFile(
    selection: FileSelection,
    { canContinue, maxSnapshotMs = MAX_SNAPSHOT_MS, ...options }: PageProofOptions,
  ): Promise<Found | Interruption> {
    const pages = await this.#pagesOf(selection);
    const total = this.#files.reduce((sum, file) => sum + file.pages, 0);
    const before = this.#donePages;
    for (let page = 0; page < pages;) {
      this.#donePages = before + page;
      const progress = {
        done: this.#donePages,
        total: Math.max(total, before + pages),
        unit: 'page',
      } as const;
      if (!(await canContinue(progress))) return 'stopped';
      if (performance.now() - this.#startedAt >= maxSnapshotMs) return 'expired';
      const end = page + this.#windowPages;
      const window = await this.#read(selection, page, end, options);
      if (window.firstPending !== null) return window.firstPending;
      if (window.isWaitedFor) return 'yielded';
      page = end;
    }
    this.#donePages = before + pages;
    return null;
  }

  /** The number of pages now: no later page contains a row that the snapshot sees. */
  async #pagesOf({ file }: FileSelection): Promise<number> {
    const result = await this.#session.send([
      {
        text: `SELECT (pg_catalog.pg_relation_size($1::regclass) / pg_catalog.current_setting('block_size')::bigint)::text`,
        values: [file.table],
      },
    ]);
    return result.last.value(number);
  }

  async #read(selection: FileSelection, page: number, end: number, options: PendingOptions) {
    const parameters = selection.parameters();
    // Opaque, so that the planner does not use an index on the predicate's columns in each window.
    const pending = selection.isPending(parameters, { ...options, predicate: 'opaque' });
    const from = parameters.add(startCtid(page), 'tid');
    const to = parameters.add(startCtid(end), 'tid');
    const startedAt = performance.now();
    const result = await this.#session.send([
      {
        text: `SELECT ${selection.keyJson}::text FROM ${selection.from}
          WHERE ${ROW}.ctid >= ${from} AND ${ROW}.ctid < ${to} AND ${pending} LIMIT 1`,
        values: parameters.values,
      },
      {
        text: `SELECT (${IS_WAITED_FOR})::text`,
        values: [toArrayText(this.#files.map(({ table }) => table))],
      },
    ]);
    this.#adapt(performance.now() - startedAt);
    return {
      firstPending: result.at(0).firstValue(keyFromJson) ?? null,
      isWaitedFor: result.last.value(boolean),
    };
  }

  #adapt(ms: number): void {
    if (ms < this.#targetMs / 2) this.#windowPages = Math.min(2 * this.#windowPages, this.#maxPages);
    else if (ms > this.#targetMs) this.#windowPages = Math.max(1, Math.floor(this.#windowPages / 2));
  }
}
