import type { TableName } from '../classification/statement.types.js';
import type { LockFinding, LockRule } from './lock.types.js';
import { isSameName } from './table-names.js';

interface Column {
  readonly table: TableName;
  readonly column: string;
}

interface DroppedDefault extends Column {
  /** Its names at the drop, which the finding has. */
  readonly reported: Column;
}

interface DroppedConstraint {
  readonly table: TableName;
  readonly constraint: string;
}

/** Rules for what a migration may drop and create again. */
const RESTORABLE: ReadonlySet<string> = new Set<LockRule>(['drop-view', 'default-dropped']);

/** Whether a later statement of the migration can take the danger back. @publicApi */
export function isRestorable({ rule }: { readonly rule: string }): boolean {
  return RESTORABLE.has(rule);
}

const NO_NAMES: readonly TableName[] = [];
const NO_CONSTRAINTS: readonly DroppedConstraint[] = [];
const NO_DEFAULTS: readonly DroppedDefault[] = [];

/** What a migration has dropped, and not created again. @publicApi */
export class DroppedObjects {
  #views: readonly TableName[] = NO_NAMES;
  /** Defaults of NOT NULL columns. */
  #defaults: readonly DroppedDefault[] = NO_DEFAULTS;
  /** Tables and indexes that the catalog may still have, because it was read before. */
  #relations: readonly TableName[] = NO_NAMES;
  /** The same for constraints. */
  #constraints: readonly DroppedConstraint[] = NO_CONSTRAINTS;

  copy(): DroppedObjects {
    const copy = new DroppedObjects();
    copy.#views = this.#views;
    copy.#defaults = this.#defaults;
    copy.#relations = this.#relations;
    copy.#constraints = this.#constraints;
    return copy;
  }

  clear(): void {
    this.#views = NO_NAMES;
    this.#defaults = NO_DEFAULTS;
    this.forgetRelations();
  }

  /** The catalog is read again. */
  forgetRelations(): void {
    this.#relations = NO_NAMES;
    this.#constraints = NO_CONSTRAINTS;
  }

  dropConstraint(table: TableName, constraint: string): void {
    this.#constraints = [...this.#constraints, { table, constraint }];
  }

  /** Whether the table has lost the constraint. */
  hasConstraint(table: TableName, constraint: string): boolean {
    return this.#constraints.some(
      (dropped) => dropped.constraint === constraint && isSameName(dropped.table, table),
    );
  }

  /** The table has a constraint of this name again. */
  restoreConstraint(table: TableName, constraint: string): void {
    if (this.#constraints.length > 0)
      this.#constraints = this.#constraints.filter(
        (dropped) => dropped.constraint !== constraint || !isSameName(dropped.table, table),
      );
  }

  dropRelation(name: TableName): void {
    this.#relations = [...this.#relations, name];
    this.#defaults = this.#defaults.filter(({ table }) => !isSameName(table, name));
  }

  renameRelation(from: TableName, to: TableName): void {
    this.restoreRelation(to);
    this.#defaults = this.#defaults.map((dropped) =>
      isSameName(dropped.table, from) ? { ...dropped, table: to } : dropped,
    );
  }

  renameColumn(from: Column, to: string): void {
    this.#defaults = this.#defaults.map((dropped) =>
      isSameColumn(dropped, from) ? { ...dropped, column: to } : dropped,
    );
  }

  hasRelation(name: TableName): boolean {
    return this.#relations.some((other) => isSameName(other, name));
  }

  dropView(name: TableName): void {
    this.#views = [...this.#views, name];
  }

  /** A relation has the name again. */
  restoreRelation(name: TableName): void {
    this.#relations = this.#relations.filter((other) => !isSameName(other, name));
    this.#views = this.#views.filter((other) => !isSameName(other, name));
  }

  dropDefault(table: TableName, column: string): void {
    this.#defaults = [...this.#defaults, { table, column, reported: { table, column } }];
  }

  /** The column has a default again, or needs none. */
  restoreDefault(table: TableName, column: string): void {
    this.#defaults = this.#defaults.filter((other) => !isSameColumn(other, { table, column }));
  }

  /** Whether what a restorable finding names is still missing. */
  isMissing({
    rule,
    table,
    names: { column = '' },
  }: Pick<LockFinding, 'table' | 'names'> & { readonly rule: string }): boolean {
    if (table === undefined) return true;
    if (rule === 'drop-view') return this.#views.some((other) => isSameName(other, table));
    return this.#defaults.some(({ reported }) => isSameColumn(reported, { table, column }));
  }
}

function isSameColumn(a: Column, b: Column): boolean {
  return a.column === b.column && isSameName(a.table, b.table);
}
