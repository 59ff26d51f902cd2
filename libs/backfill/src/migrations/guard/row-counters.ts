import { coversTable } from './refusal.js';
import {
  type Counted,
  type ExtraColumns,
  observation,
  type Observed,
  type TableId,
  toObserved,
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

const NO_COLUMNS: ExtraColumns = { select: '1', parameters: [] };
const NO_ROWS = { inserted: 0, updated: 0, deleted: 0 } as const;
const NOTHING_BEFORE: Observed = {
  isCounting: true,
  counted: [],
  files: [],
  foreign: [],
  newestId: 0,
};

/**
 * Reads from PostgreSQL's counters how many rows a transaction has written. This is the last check, for SQL
 * that the guard cannot read, and for routines that run without being named: of triggers, event triggers,
 * operators and domains.
 */
export class RowCounters {
  readonly #query: SendQuery;
  readonly #writableTables: readonly string[];
  #before = NOTHING_BEFORE;
  #isCounting = true;

  /** @param writableTables `leads` or `crm.leads`; a partitioned table stands for its partitions too */
  constructor(query: SendQuery, writableTables: readonly string[]) {
    this.#query = query;
    this.#writableTables = writableTables;
  }

  /** Reads the counters at the start, for later comparison. @returns the extra columns */
  async begin(extra = NO_COLUMNS): Promise<Record<string, unknown>> {
    const { text, parameters } = observation('start', extra);
    const [row = {}] = await this.#query(text, [...parameters]);
    this.#before = toObserved(row);
    this.#isCounting = this.#before.isCounting;
    return row;
  }

  /** Whether SQL that the guard cannot read has turned the counters off since `begin()`. */
  get hasStoppedCounting(): boolean {
    return this.#before.isCounting && !this.#isCounting;
  }

  /** @returns tables that were written without an exemption since `begin()`, in the same transaction */
  async written(): Promise<readonly WrittenTable[]> {
    return (await this.writtenAnd(NO_COLUMNS))[0];
  }

  /** @returns the same, and the extra columns */
  async writtenAnd(
    extra: ExtraColumns,
  ): Promise<readonly [readonly WrittenTable[], Record<string, unknown>]> {
    const { text, parameters } = observation('end', extra);
    const [row = {}] = await this.#query(text, [...parameters]);
    const now = toObserved(row);
    this.#isCounting = now.isCounting;
    const written = [...this.#changed(now), ...this.#truncated(now), ...this.#foreign(now)];
    return [
      written.filter(({ id }) => !this.#mayWrite(id)).map(({ id, ...rows }) => described(id, rows)),
      row,
    ];
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
  #truncated({ files }: Observed): readonly Change[] {
    return files.flatMap((now) => {
      const before = this.#before.files.find(({ id }) => id === now.id);
      return before && before.file !== now.file ? [{ id: now, ...NO_ROWS, truncated: true }] : [];
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
      this.#writableTables.some((listed) => coversTable(listed, table)),
    );
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
