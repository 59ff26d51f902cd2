import type { SchemaEvent } from '../../evaluate/machine/event.types.js';
import { changesOfCall } from '../../schema/runner-calls.js';
import { bareName, QUALIFIED_NAME } from './sql-names.js';

const CREATED = new RegExp(
  String.raw`^\s*create\s+(?:temp\w*\s+|unlogged\s+)?table\s+(?:if\s+not\s+exists\s+)?(${QUALIFIED_NAME})`,
  'i',
);
const ALTERED = new RegExp(
  String.raw`^\s*alter\s+table\s+(?:if\s+exists\s+)?(?:only\s+)?(${QUALIFIED_NAME})`,
  'i',
);

/**
 * The changes that a migration made to the schema before the current statement. A table that it created only
 * has its own rows, and a column that it added is NULL in every row.
 */
export class SchemaMemory {
  readonly #created = new Set<string>();
  readonly #added = new Map<string, Set<string>>();

  /** Records a statement, or the statements of a `DO` block. @param statement as written */
  note(statement: string): void {
    const block = /^\s*do\b[^$]*(\$\w*\$)([^]*)\1/i.exec(statement)?.[2];
    if (block === undefined) this.#noteOne(statement);
    else for (const part of block.split(';')) this.#noteOne(withoutControlFlow(part));
  }

  #noteOne(statement: string): void {
    const created = CREATED.exec(statement)?.[1];
    if (created !== undefined) this.#created.add(bareName(created));
    const altered = ALTERED.exec(statement);
    if (!altered) return;
    const table = bareName(altered[1] ?? '');
    for (const match of statement
      .slice(altered[0].length)
      .matchAll(/\badd\s+(?:column\s+)?(?:if\s+not\s+exists\s+)?("[^"]+"|[\w$]+)\s+(?!key\b|\()/gi)) {
      const column = bareName(match[1] ?? '');
      if (!/^(?:constraint|primary|foreign|unique|check|exclude)$/i.test(column))
        this.addColumn(table, column);
    }
  }

  /** Records a call such as `queryRunner.addColumn(…)`. */
  noteCall(event: SchemaEvent): void {
    for (const change of changesOfCall(event)) {
      if (change.kind === 'create-table') this.createTable(change.table.name);
      if (change.kind === 'add-column') this.addColumn(change.table.name, change.column);
    }
  }

  addColumn(table: string, column: string): void {
    const columns = this.#added.get(bareName(table)) ?? new Set();
    columns.add(column);
    this.#added.set(bareName(table), columns);
  }

  createTable(table: string): void {
    this.#created.add(bareName(table));
  }

  hasCreated(table: string): boolean {
    return this.#created.has(bareName(table));
  }

  hasAdded(table: string, column: string): boolean {
    return this.#added.get(bareName(table))?.has(column) ?? false;
  }
}

/** `BEGIN ALTER TABLE …`, `IF … THEN ALTER TABLE …`: the statement at the end. */
function withoutControlFlow(part: string): string {
  const start = /\b(?:alter|create)\s+(?:\w+\s+)?table\b[^]*$/i.exec(part);
  return start?.[0] ?? '';
}
