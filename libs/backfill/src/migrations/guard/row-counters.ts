import { coversTable } from './refusal.js';
import {
  type Counted,
  endObservation,
  type ExtraColumns,
  fullObservation,
  type Observed,
  START_OBSERVATION,
  type TableId,
  toObserved,
  WAITING_TRIGGERS,
} from './row-observation.js';

/** The number of rows written to one table, from the counters of this transaction. */
export interface WrittenTable {
  /** The table's name with its schema. */
  readonly table: string;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  readonly truncated: boolean;
  /** PostgreSQL does not count the rows of a foreign table. */
  readonly isForeign?: true;
}

/** Sends SQL on the session whose rows are counted, without the guard. */
export type SendQuery = (sql: string, parameters?: unknown[]) => Promise<Record<string, unknown>[]>;

const NO_COLUMNS: ExtraColumns = { select: '1 AS one', parameters: [] };
const NO_ROWS = { inserted: 0, updated: 0, deleted: 0 } as const;
const NOTHING_BEFORE: Observed = {
  isCounting: true,
  counted: [],
  files: undefined,
  foreign: [],
  newestId: 0,
};

/** A table, and the number of its file. */
export interface TableFile {
  readonly id: string;
  readonly file: string;
}

export interface RowCountersOptions {
  readonly query: SendQuery;
  /** `leads` or `crm.leads`; a partitioned table stands for its partitions too. */
  readonly mayWrite: readonly string[];
  /** The files of tables as other sessions see them, without the changes of this transaction. */
  readonly committedFiles: (ids: readonly string[]) => Promise<readonly TableFile[]>;
}

/**
 * Reads from PostgreSQL's counters how many rows a transaction has written. This is the last check, for SQL
 * that the guard cannot read, and for routines that run without being named: of triggers, event triggers,
 * operators and domains.
 */
export class RowCounters {
  readonly #options: RowCountersOptions;
  #before = NOTHING_BEFORE;
  #isCounting = true;
  /** Triggers of earlier migrations in the same transaction. Their rows are not those of this migration. */
  #waitingBefore = false;

  constructor(options: RowCountersOptions) {
    this.#options = options;
  }

  /**
   * Reads the counters at the start, for later comparison.
   *
   * @param transaction `changed` if earlier migrations may hold locks and have new files in it
   */
  async begin(transaction: 'unchanged' | 'changed'): Promise<void> {
    const { query } = this.#options;
    const [row = {}] = await query(
      transaction === 'unchanged' ? START_OBSERVATION : fullObservation('start'),
    );
    this.#before = toObserved(row);
    this.#isCounting = this.#before.isCounting;
    const [waiting] = transaction === 'changed' ? await query(WAITING_TRIGGERS) : [];
    this.#waitingBefore = typeof waiting?.['deferred'] === 'string';
  }

  /** Whether SQL that the guard cannot read has turned the counters off since `begin()`. */
  get hasStoppedCounting(): boolean {
    return this.#before.isCounting && !this.#isCounting;
  }

  /** @returns tables that were written without an exemption since `begin()`, in the same transaction */
  async written(): Promise<readonly WrittenTable[]> {
    const row = await this.#suspect(NO_COLUMNS);
    return row['suspect'] === true ? this.#read() : [];
  }

  /** @returns the same with what deferred triggers will write at the commit, and the extra columns */
  async writtenAtEnd(
    extra: ExtraColumns = NO_COLUMNS,
  ): Promise<readonly [readonly WrittenTable[], Record<string, unknown>]> {
    const row = await this.#suspect(extra);
    const { deferred } = row;
    if (typeof deferred === 'string' && !this.#waitingBefore)
      return [await this.#writtenOnTrial(deferred), row];
    return [row['suspect'] === true ? await this.#read() : [], row];
  }

  /** @param triggers names of constraint triggers, as SQL */
  #writtenOnTrial(triggers: string): Promise<readonly WrittenTable[]> {
    const { query } = this.#options;
    return takenBack(query, async () => {
      await query(`SET LOCAL lock_timeout = '${TRIAL_LOCK_TIMEOUT}'`);
      await query(`SET CONSTRAINTS ${triggers} IMMEDIATE`);
      return this.#read();
    });
  }

  async #suspect(extra: ExtraColumns): Promise<Record<string, unknown>> {
    const { text, parameters } = endObservation(extra);
    const [row = {}] = await this.#options.query(text, [...parameters]);
    this.#isCounting = row['counting'] === true;
    return row;
  }

  async #read(): Promise<readonly WrittenTable[]> {
    const [full = {}] = await this.#options.query(fullObservation('end'));
    const now = toObserved(full);
    const written = [...this.#changed(now), ...(await this.#truncated(now)), ...this.#foreign(now)];
    return written.filter(({ id }) => !this.#mayWrite(id)).map(({ id, ...rows }) => described(id, rows));
  }

  #changed({ counted }: Observed): readonly Change[] {
    return counted.flatMap((now) => {
      const before = this.#before.counted.find(({ id }) => id === now.id);
      const rows = difference(now, before);
      // PostgreSQL also counts the rows of a block that was rolled back. But such a block keeps no lock, and a
      // table that is new is not in use.
      const isKept = now.isHeld || Number(now.id) > this.#before.newestId;
      const total = rows.inserted + rows.updated + rows.deleted;
      return isKept && total > 0 ? [{ id: now, ...rows, truncated: false }] : [];
    });
  }

  /** TRUNCATE counts no rows, but it gives the table a new, empty file. */
  async #truncated({ files = [] }: Observed): Promise<readonly Change[]> {
    if (files.length === 0) return [];
    const before = this.#before.files ?? (await this.#options.committedFiles(files.map(({ id }) => id)));
    return files.flatMap((now) => {
      const old = before.find(({ id }) => id === now.id);
      return old && old.file !== now.file ? [{ id: now, ...NO_ROWS, truncated: true }] : [];
    });
  }

  /** PostgreSQL does not count the rows of foreign tables, but it locks them. */
  #foreign({ foreign }: Observed): readonly Change[] {
    const isKnown = ({ id, mode }: Observed['foreign'][number]) =>
      this.#before.foreign.some((other) => other.id === id && other.mode === mode);
    return foreign
      .filter((table) => !isKnown(table))
      .map((id) => ({ id, ...NO_ROWS, truncated: false, isForeign: true }));
  }

  #mayWrite({ schema, name, ancestors = [] }: TableId): boolean {
    return [{ schema, name }, ...ancestors].some((table) =>
      this.#options.mayWrite.some((listed) => coversTable(listed, table)),
    );
  }
}

/** The triggers run while the locks of the migration are held. */
const TRIAL_LOCK_TIMEOUT = '5s';

const SAVEPOINT = 'nestjs_backfill_probe';

/** Does something on trial: the transaction stays as it was. */
export async function takenBack<T>(query: SendQuery, work: () => Promise<T>): Promise<T> {
  await query(`SAVEPOINT ${SAVEPOINT}`);
  try {
    return await work();
  } finally {
    await query(`ROLLBACK TO SAVEPOINT ${SAVEPOINT}`);
    await query(`RELEASE SAVEPOINT ${SAVEPOINT}`);
  }
}

interface Change extends Omit<WrittenTable, 'table'> {
  readonly id: TableId;
}

function difference(now: Counted, before: Counted | undefined) {
  return {
    inserted: now.inserted - (before?.inserted ?? 0),
    updated: now.updated - (before?.updated ?? 0),
    deleted: now.deleted - (before?.deleted ?? 0),
  };
}

function described({ schema, name }: TableId, rows: Omit<WrittenTable, 'table'>): WrittenTable {
  return { table: `${schema}.${name}`, ...rows };
}
