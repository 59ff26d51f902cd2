import type { SchemaChange, TableName } from '../schema/schema-change.types.js';
import type { PlacedChange } from './migration-changes.js';

/** A migration in the order in which TypeORM runs them. */
export interface TimedMigration {
  readonly file: string;
  readonly name: string;
  /** Backfills that must be complete before it runs. */
  readonly requires: readonly string[];
  readonly changes: readonly PlacedChange[];
}

/** A change, and the place of its migration in the order. */
export interface Moment {
  readonly at: number;
  readonly migration: TimedMigration;
  readonly placed: PlacedChange;
}

export interface ColumnRecord {
  /** The change that added it last; undefined if the migrations only drop it. */
  readonly added: Moment | undefined;
  /** The change that removed it after that: it was dropped or renamed. */
  readonly removed: Moment | undefined;
  /** The change that drops it under a condition. */
  readonly mayBeRemoved: Moment | undefined;
}

/** Why something may have changed in a way that no statement tells, and when that was possible for the last time. */
export interface Doubt {
  readonly reason: string;
  readonly at: number;
}

/** What the migrations tell about one table. */
export interface TableRecord {
  readonly name: TableName;
  readonly created?: Moment;
  /** It was dropped or renamed, and not created again. */
  readonly removed?: Moment;
  readonly columns: ReadonlyMap<string, ColumnRecord>;
  /** The reason why it may have columns that are not in `columns`. */
  readonly doubt?: Doubt;
}

interface OpenTable {
  name: TableName;
  created: Moment | undefined;
  removed: Moment | undefined;
  doubt: Doubt | undefined;
  readonly columns: Map<string, ColumnRecord>;
}

/** The tables and columns after all migrations, with the migrations that made them so. */
export class SchemaTimeline {
  readonly #tables: OpenTable[] = [];
  /** Why any table may have columns that no statement names. */
  #doubt: Doubt | undefined;
  /** The migrations change a table that none of them creates. */
  #isPartial = false;
  #created = 0;

  readonly #migrations: readonly TimedMigration[];

  constructor(migrations: readonly TimedMigration[]) {
    this.#migrations = migrations;
    migrations.forEach((migration, at) => {
      for (const placed of migration.changes) this.#apply({ at, migration, placed });
    });
  }

  /** The migrations create every table that they name: they are the whole history of the database. */
  get isWhole(): boolean {
    return this.#created > 0 && !this.#isPartial && this.#doubt === undefined;
  }

  /**
   * The table of a name. Without a schema, or if only one schema has a table of this name, the schema does not
   * matter.
   */
  tableOf({ schema, name }: TableName): TableRecord | undefined {
    const named = this.#tables.filter((table) => table.name.name === name);
    const inSchema = named.filter((table) => (table.name.schema ?? 'public') === (schema ?? 'public'));
    const candidates =
      inSchema.length > 0 ? inSchema : named.length === 1 || schema === undefined ? named : [];
    const table = candidates.findLast(({ removed }) => !removed) ?? candidates.at(-1);
    if (!table) return undefined;
    const isAmbiguous = candidates.filter(({ removed }) => !removed).length > 1;
    const ambiguity = { reason: `several schemas have a table ${name}`, at: Infinity };
    return recordOf(table, isAmbiguous ? ambiguity : later(table.doubt, this.#doubt));
  }

  /** The place in the order of the first migration that waits for a backfill; behind all if none does. */
  requiring(backfill: string): number {
    const at = this.#migrations.findIndex(({ requires }) => requires.includes(backfill));
    return at < 0 ? Infinity : at;
  }

  /** Why a table that no migration names may exist all the same. */
  get doubt(): Doubt | undefined {
    return this.#doubt;
  }

  #apply(moment: Moment): void {
    const { change, isConditional } = moment.placed;
    const table = change.table && this.#find(change.table);
    switch (change.kind) {
      case 'create-table':
        return this.#create(change, moment, table);
      case 'name-table':
        if (!table) this.#foreign(change.table);
        return;
      case 'unclear':
        if (change.table) doubtTable(table ?? this.#foreign(change.table), change.reason, moment);
        else this.#doubt = doubtOf(change.reason, moment);
        return;
      case 'drop-table':
        if (table && !isConditional) table.removed = moment;
        return;
      case 'rename-table':
        return this.#rename(table ?? this.#foreign(change.table), change.to);
      default:
        changeColumn(table ?? this.#foreign(change.table), change, moment);
    }
  }

  #create(
    change: Extract<SchemaChange, { kind: 'create-table' }>,
    moment: Moment,
    known: OpenTable | undefined,
  ): void {
    // IF NOT EXISTS: the columns are there either way.
    const table = known ?? this.#add(change.table);
    table.created ??= moment;
    if (change.unclear !== undefined) doubtTable(table, change.unclear, moment);
    this.#created++;
    for (const column of change.columns)
      if (!table.columns.has(column)) table.columns.set(column, addedBy(moment));
  }

  #rename(table: OpenTable, to: TableName): void {
    table.name = to;
  }

  #find({ schema, name }: TableName): OpenTable | undefined {
    const named = this.#tables.filter((table) => table.name.name === name && !table.removed);
    return (
      named.find((table) => (table.name.schema ?? 'public') === (schema ?? 'public')) ??
      (named.length === 1 && (schema === undefined || named[0]?.name.schema === undefined)
        ? named[0]
        : undefined)
    );
  }

  /** A table that no migration creates. */
  #foreign(name: TableName): OpenTable {
    this.#isPartial = true;
    return this.#add(name);
  }

  #add(name: TableName): OpenTable {
    const table: OpenTable = {
      name,
      created: undefined,
      removed: undefined,
      doubt: undefined,
      columns: new Map(),
    };
    this.#tables.push(table);
    return table;
  }
}

type ColumnChange = Extract<SchemaChange, { kind: 'add-column' | 'drop-column' | 'rename-column' }>;

function changeColumn({ columns }: OpenTable, change: ColumnChange, moment: Moment): void {
  if (change.kind === 'add-column') {
    columns.set(change.column, addedBy(moment));
    return;
  }
  if (change.kind === 'rename-column') columns.set(change.to, addedBy(moment));
  const known = columns.get(change.column) ?? {
    added: undefined,
    removed: undefined,
    mayBeRemoved: undefined,
  };
  columns.set(change.column, {
    ...known,
    ...(moment.placed.isConditional ? { mayBeRemoved: moment } : { removed: moment }),
  });
}

function addedBy(moment: Moment): ColumnRecord {
  return { added: moment, removed: undefined, mayBeRemoved: undefined };
}

function recordOf({ name, created, removed, columns }: OpenTable, doubt: Doubt | undefined): TableRecord {
  return {
    name,
    columns,
    ...(created ? { created } : {}),
    ...(removed ? { removed } : {}),
    ...(doubt ? { doubt } : {}),
  };
}

function doubtTable(table: OpenTable, reason: string, moment: Moment): void {
  table.doubt = doubtOf(reason, moment);
}

function doubtOf(reason: string, { at, migration }: Moment): Doubt {
  return { reason: `${migration.name}: ${reason}`, at };
}

function later(one: Doubt | undefined, other: Doubt | undefined): Doubt | undefined {
  if (!one || !other) return one ?? other;
  return one.at > other.at ? one : other;
}
