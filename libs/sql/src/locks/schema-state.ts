import type { TableName } from '../classification/statement.types.js';
import type { ColumnType, KnownColumn, SequenceUser } from './lock.types.js';
import { DroppedObjects } from './dropped-objects.js';
import { isSameCreated, isSameName } from './table-names.js';
import {
  cloned,
  type ConstraintColumns,
  type Domain,
  EMPTY_MAP,
  include,
  loseProof,
  newTable,
  proveColumns,
  put,
  type TrackedIndex,
  type TrackedTable,
  usersOf,
} from './tracked-table.js';

/**
 * What statements have done to the schema so far: which relations they have created, and what they tell about
 * columns. It can cover the migrations of one run, or a whole history.
 *
 * @publicApi
 */
export class SchemaState {
  /** Relations and types that this migration has created. */
  #new: readonly TableName[] = [];
  /** Those that earlier migrations of the same run have created: no release has used them yet. */
  #unused: readonly TableName[] = [];
  #tables: readonly TrackedTable[] = [];
  /** Whether a table may have been changed since `forgetColumns()`. */
  #hasChanged = false;
  /** The tables with this owner belong to no other state. */
  #owner = {};
  #indexes: readonly TrackedIndex[] = [];
  /** Whether a function that statements have created is volatile. */
  #functions: ReadonlyMap<string, boolean> = EMPTY_MAP;
  #domains: ReadonlyMap<string, Domain> = EMPTY_MAP;
  /** What this migration has dropped, and not created again. */
  dropped = new DroppedObjects();

  /** The next statements belong to another migration of the same run. */
  startMigration(): void {
    this.#unused = [...this.#unused, ...this.#new];
    this.#new = [];
    this.dropped.clear();
    for (const { dropped, added } of this.#ownTables()) {
      dropped.clear();
      for (const column of added.keys()) added.set(column, 'run');
    }
  }

  /** A release may use everything that exists now; what is known about columns stays. */
  startRelease(): void {
    this.#new = [];
    this.#unused = [];
    this.dropped.clear();
    for (const { dropped, added } of this.#ownTables()) {
      dropped.clear();
      added.clear();
    }
  }

  /** The catalog of the database tells more about columns, also after a rollback. */
  forgetColumns(): void {
    this.dropped.forgetRelations();
    if (!this.#hasChanged) return;
    this.#tables = this.#tables.flatMap((table) => {
      if (!table.isChanged) return [table];
      const { name, dropped, added } = table;
      return dropped.size + added.size > 0 ? [{ ...newTable(name), dropped, added }] : [];
    });
    this.#hasChanged = false;
  }

  /** What this migration has created was rolled back. */
  forgetNew(): void {
    this.#new = [];
    this.dropped.clear();
    for (const { dropped, added } of this.#ownTables()) {
      dropped.clear();
      for (const [column, since] of added) if (since === 'migration') added.delete(column);
    }
  }

  /** Both states share everything until one of them changes it: each statement of a migration waits for a copy. */
  copy(): SchemaState {
    const copy = new SchemaState();
    copy.replace(this);
    copy.dropped = this.dropped.copy();
    copy.#owner = {};
    this.#owner = {};
    return copy;
  }

  /** Takes over the state of a copy, which must not be used after that. */
  replace(copy: SchemaState): void {
    this.#new = copy.#new;
    this.#unused = copy.#unused;
    this.dropped = copy.dropped;
    this.#tables = copy.#tables;
    this.#hasChanged = copy.#hasChanged;
    this.#owner = copy.#owner;
    this.#indexes = copy.#indexes;
    this.#domains = copy.#domains;
    this.#functions = copy.#functions;
  }

  /** Whether this migration has created the relation or type. */
  isNew(name: TableName | undefined): boolean {
    return name !== undefined && this.#new.some((other) => isSameCreated(other, name));
  }

  /** Whether this run has created the relation or type, so that no release uses it yet. */
  isUnused(name: TableName | undefined): boolean {
    return (
      this.isNew(name) || (name !== undefined && this.#unused.some((other) => isSameCreated(other, name)))
    );
  }

  addNew(name: TableName): void {
    this.#new = [...this.#new, name];
    this.dropped.restoreRelation(name);
  }

  dropView(name: TableName): void {
    this.dropped.dropView(name);
    this.drop(name);
  }

  createTable(name: TableName, { isPartitioned }: Pick<TrackedTable, 'isPartitioned'> = {}): void {
    const others = this.#tables.filter((other) => !isSameName(other.name, name));
    const table = { ...newTable(name), ...(isPartitioned !== undefined && { isPartitioned }) };
    this.#tables = [...others, this.#changed(table)];
  }

  knowsTable(name: TableName): boolean {
    return this.#find(name) !== undefined;
  }

  noteDefaultPartition(table: TableName, partition: TableName): void {
    this.#track(table).defaultPartition = partition;
  }

  partitioning(table: TableName): Pick<TrackedTable, 'defaultPartition' | 'isPartitioned'> {
    return this.#find(table) ?? {};
  }

  drop(name: TableName): void {
    this.dropped.dropRelation(name);
    this.#new = this.#new.filter((other) => !isSameName(other, name));
    this.#unused = this.#unused.filter((other) => !isSameName(other, name));
    this.#tables = this.#tables.filter((other) => !isSameName(other.name, name));
  }

  rename(from: TableName, to: TableName): void {
    this.dropped.renameRelation(from, to);
    this.#new = this.#new.map((name) => (isSameName(name, from) ? to : name));
    this.#unused = this.#unused.map((name) => (isSameName(name, from) ? to : name));
    this.#tables = this.#tables.map((table) =>
      isSameName(table.name, from) ? this.#changed({ ...cloned(table), name: to }) : table,
    );
    this.#indexes = this.#indexes.map((index) => ({
      ...index,
      table: isSameName(index.table, from) ? to : index.table,
      name: isSameName(index.name, from) ? to : index.name,
    }));
  }

  column(table: TableName, column: string): KnownColumn | undefined {
    return this.#find(table)?.columns.get(column);
  }

  hasCheck(table: TableName): boolean | undefined {
    return this.#find(table)?.hasCheck;
  }

  usersOf(sequence: TableName): readonly SequenceUser[] {
    return usersOf(this.#tables, sequence);
  }

  noteColumn(table: TableName, column: string, facts: KnownColumn): void {
    const tracked = this.#track(table);
    tracked.columns = put(tracked.columns, column, { ...tracked.columns.get(column), ...facts });
  }

  /** ADD COLUMN. */
  noteAdded(table: TableName, column: string): void {
    const tracked = this.#track(table);
    tracked.added = put(tracked.added, column, 'migration');
  }

  /** Whether this run has added the column, so that no release uses it yet. */
  hasAdded(table: TableName, column: string): boolean {
    return this.#find(table)?.added.has(column) === true;
  }

  dropColumn(table: TableName, column: string): void {
    const tracked = this.#track(table);
    tracked.columns.delete(column);
    tracked.dropped = include(tracked.dropped, column);
  }

  /** Whether this migration has dropped the column. */
  hasDropped(table: TableName, column: string): boolean {
    return this.#find(table)?.dropped.has(column) === true;
  }

  renameColumn(table: TableName, from: string, to: string): void {
    this.dropped.renameColumn({ table, column: from }, to);
    const facts = this.column(table, from);
    const since = this.#find(table)?.added.get(from);
    if (!facts && !since) return;
    const tracked = this.#track(table);
    tracked.columns.delete(from);
    tracked.added.delete(from);
    if (facts) tracked.columns = put(tracked.columns, to, facts);
    if (since) tracked.added = put(tracked.added, to, since);
  }

  /** A constraint that is not valid yet. */
  noteUnproven(table: TableName, constraint: string, columns: ConstraintColumns): void {
    const tracked = this.#track(table);
    tracked.constraints = put(tracked.constraints, constraint, columns);
    this.dropped.restoreConstraint(table, constraint);
  }

  /** VALIDATE CONSTRAINT. */
  validate(table: TableName, constraint: string): void {
    if (this.#find(table)?.constraints.has(constraint)) proveColumns(this.#track(table), constraint);
  }

  dropConstraint(table: TableName, constraint: string): void {
    this.dropped.dropConstraint(table, constraint);
    if (this.#find(table)) loseProof(this.#track(table), constraint);
  }

  noteIndex(name: TableName, table: TableName, columns: readonly string[] = []): void {
    this.#indexes = [...this.#indexes, { name, table, columns }];
    this.dropped.restoreRelation(name);
  }

  index(name: TableName): TrackedIndex | undefined {
    return this.#indexes.findLast((index) => isSameName(index.name, name));
  }

  noteFunction(name: string, volatility: string): void {
    const isVolatile = volatility === 'volatile';
    this.#functions = new Map(this.#functions).set(name, isVolatile || this.#functions.get(name) === true);
  }

  isVolatile(functionName: string): boolean | undefined {
    return this.#functions.get(functionName);
  }

  noteDomain(name: string, domain: Domain): void {
    this.#domains = new Map(this.#domains).set(name, domain);
  }

  isConstrainedDomain(name: string): boolean | undefined {
    return this.#domains.get(name)?.isConstrained;
  }

  baseOfFreeDomain(name: string): ColumnType | undefined {
    const domain = this.#domains.get(name);
    return domain?.isConstrained === false ? domain.base : undefined;
  }

  #find(name: TableName): TrackedTable | undefined {
    return this.#tables.findLast((table) => isSameName(table.name, name));
  }

  /** A table that may be changed. */
  #track(name: TableName): TrackedTable {
    const at = this.#tables.findLastIndex((table) => isSameName(table.name, name));
    const found = this.#tables[at];
    if (found && found.owner === this.#owner) return this.#changed(found);
    const table = this.#changed(found ? cloned(found) : newTable(name));
    this.#tables = found
      ? this.#tables.map((other) => (other === found ? table : other))
      : [...this.#tables, table];
    return table;
  }

  /** All tables; they may be changed. */
  #ownTables(): readonly TrackedTable[] {
    this.#tables = this.#tables.map((table) =>
      this.#changed(table.owner === this.#owner ? table : cloned(table)),
    );
    return this.#tables;
  }

  #changed(table: TrackedTable): TrackedTable {
    table.owner = this.#owner;
    table.isChanged = true;
    this.#hasChanged = true;
    return table;
  }
}
