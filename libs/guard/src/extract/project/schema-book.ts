import { isObject, list, nodeOf, nodesOf, text, type Json, type SqlParser } from 'nestjs-backfill-sql/tree';
import { piecesOf, type SqlPiece } from '../code/code-units.js';
import { alterations, tableOf } from '../code/schema-change.js';

/** A primary key or a unique key. */
export interface TableKey {
  readonly name: string | undefined;
  readonly columns: readonly string[];
  readonly isPrimary: boolean;
}

/** The keys of tables, as the migrations of a project define them. */
export class SchemaBook {
  readonly #parser: SqlParser;
  readonly #keys = new Map<string, TableKey[]>();

  constructor(parser: SqlParser) {
    this.#parser = parser;
  }

  /** Reads an SQL text. A text that cannot be parsed is ignored: a key that is not known is not used. */
  read(sql: string): void {
    if (!/\b(?:create|alter|drop)\b/i.test(sql)) return;
    for (const piece of piecesOf(sql, this.#parser) ?? []) this.#readPiece(piece);
  }

  keysOf(table: string): readonly (readonly string[])[] {
    return [...(this.#keys.get(table) ?? [])]
      .sort((a, b) => Number(b.isPrimary) - Number(a.isPrimary))
      .map(({ columns }) => columns);
  }

  primaryKey(table: string): readonly string[] | undefined {
    return this.#keys.get(table)?.findLast(({ isPrimary }) => isPrimary)?.columns;
  }

  #readPiece(piece: SqlPiece): void {
    switch (piece.kind) {
      case 'CreateStmt':
        this.#readTable(piece);
        break;
      case 'AlterTableStmt':
        this.#readAlterations(piece);
        break;
      case 'IndexStmt':
        this.#readIndex(piece);
        break;
      case 'DropStmt':
        for (const keys of this.#keys.values())
          remove(keys, ({ name }) => name !== undefined && piece.names.has(name));
        break;
    }
  }

  #readTable(piece: SqlPiece): void {
    const table = tableOf(piece);
    this.#keys.set(table, []);
    for (const element of list(piece.fields['tableElts'])) {
      const column = nodeOf(element, 'ColumnDef');
      if (column) this.#readColumn(table, column);
      const constraint = nodeOf(element, 'Constraint');
      if (constraint) this.#readConstraint(table, constraint);
    }
  }

  #readColumn(table: string, column: Json): void {
    for (const constraint of nodesOf(column['constraints'], 'Constraint'))
      this.#readConstraint(table, constraint, text(column['colname']));
  }

  #readConstraint(table: string, constraint: Json, column?: string): void {
    const isPrimary = constraint['contype'] === 'CONSTR_PRIMARY';
    if (!isPrimary && constraint['contype'] !== 'CONSTR_UNIQUE') return;
    const columns = column === undefined ? list(constraint['keys']).map((key) => text(key) ?? '') : [column];
    this.#add(table, { name: text(constraint['conname']), columns, isPrimary });
  }

  #readAlterations(piece: SqlPiece): void {
    const table = tableOf(piece);
    for (const { subtype, name, definition } of alterations(piece)) {
      const keys = this.#keys.get(table) ?? [];
      const column = nodeOf(definition, 'ColumnDef');
      const constraint = nodeOf(definition, 'Constraint');
      if (subtype === 'AT_AddColumn' && column) this.#readColumn(table, column);
      if (subtype === 'AT_AddConstraint' && constraint) this.#readConstraint(table, constraint);
      if (subtype === 'AT_DropConstraint') remove(keys, (key) => key.name === name);
      if (subtype === 'AT_DropColumn') remove(keys, ({ columns }) => columns.includes(name));
    }
  }

  #readIndex({ fields }: SqlPiece): void {
    if (fields['unique'] !== true || fields['whereClause'] !== undefined || !isObject(fields['relation']))
      return;
    const columns = list(fields['indexParams']).map((element) =>
      text(nodeOf(element, 'IndexElem')?.['name']),
    );
    if (columns.some((column) => column === undefined)) return;
    const table = text(fields['relation']['relname']) ?? '';
    this.#add(table, { name: text(fields['idxname']), columns: columns as string[], isPrimary: false });
  }

  #add(table: string, key: TableKey): void {
    this.#keys.set(table, [...(this.#keys.get(table) ?? []), key]);
  }
}

function remove<T>(items: T[], isRemoved: (item: T) => boolean): void {
  for (let at = items.length - 1; at >= 0; at--) if (isRemoved(items[at] as T)) items.splice(at, 1);
}
