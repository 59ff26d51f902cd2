import type { EvaluationEvent } from '../../evaluate/machine/event.types.js';

/** What the checked migrations tell about a table. */
interface TableRecord {
  /** The files that insert constants into it. */
  seeds: number;
  /** The files that copy rows into it, or insert values of the program. */
  fills: number;
  /** Does the file that creates it insert constants? */
  isSeededAtOnce: boolean;
}

/** A table that two migrations seed is a list that people maintain. One constant row proves nothing. */
const MIN_SEEDS = 2;

/** More statements in one file load data; they are no list that people maintain. */
const MAX_SEED_INSERTS = 200;

/** What all checked migrations tell about the tables. It decides before the name of a table does. */
export class TableHistory {
  readonly #tables = new Map<string, TableRecord>();
  readonly #readFiles = new Set<string>();

  /** Reads one migration. Only the texts of statements count, so no parser is needed. */
  note(text: string): void {
    const [seeded, filled] = [new Set<string>(), new Set<string>()];
    const inserts = new Map<string, number>();
    for (const match of text.matchAll(INSERT)) {
      const table = bareName(match[1] ?? '');
      const count = (inserts.get(table) ?? 0) + 1;
      inserts.set(table, count);
      (isSeed(match[0], match[2] ?? '') && count <= MAX_SEED_INSERTS ? seeded : filled).add(table);
    }
    const created = new Set([...text.matchAll(CREATE)].map((match) => bareName(match[1] ?? '')));
    for (const table of seeded) {
      const record = this.#of(table);
      record.seeds++;
      record.isSeededAtOnce ||= created.has(table);
    }
    for (const table of filled) this.#of(table).fills++;
  }

  /** Notes the SQL files from which a migration has read its statements. @returns whether there is a new one */
  noteReadFiles(events: readonly EvaluationEvent[]): boolean {
    const files = new Map(
      events
        .flatMap((event) => (event.kind === 'sql' && event.text.kind === 'text' ? event.text.parts : []))
        .flatMap((part) => ('site' in part && part.site ? [part.site.source] : []))
        .filter(({ path }) => path.endsWith('.sql') && !this.#readFiles.has(path))
        .map(({ path, text }) => [path, text]),
    );
    for (const path of files.keys()) this.#readFiles.add(path);
    if (files.size > 0) this.note([...files.values()].join('\n'));
    return files.size > 0;
  }

  /** The tables with only rows that migrations insert as constants. */
  seededTables(): readonly string[] {
    return [...this.#tables]
      .filter(([, { seeds, fills, isSeededAtOnce }]) => fills === 0 && (seeds >= MIN_SEEDS || isSeededAtOnce))
      .map(([table]) => table);
  }

  #of(table: string): TableRecord {
    const record = this.#tables.get(table) ?? { seeds: 0, fills: 0, isSeededAtOnce: false };
    this.#tables.set(table, record);
    return record;
  }
}

const CREATE =
  /\bcreate\s+table\s+(?:if\s+not\s+exists\s+)?((?:"[^"]+"|[\w$]+)(?:\s*\.\s*(?:"[^"]+"|[\w$]+))?)/gi;

/** An INSERT up to the first value of its first row. */
const INSERT =
  /\binsert\s+into\s+((?:"[^"]+"|[\w$]+)(?:\s*\.\s*(?:"[^"]+"|[\w$]+))?)\s*(?:as\s+\w+\s*)?(?:\([^()]*\))?\s*(?:overriding\s+\w+\s+value\s*)?(values\s*\([^()]{0,200}|select\b|with\b|\()/gi;

/** Constants only: no parameters and no expressions of the program. */
function isSeed(statement: string, start: string): boolean {
  return (
    /^values/i.test(start) &&
    !/\$\d|\$\{|:\w+\b(?!:)|' *\+/.test(statement.slice(statement.length - start.length))
  );
}

function bareName(name: string): string {
  return name
    .slice(name.lastIndexOf('.') + 1)
    .replace(/"/g, '')
    .trim()
    .toLowerCase();
}
