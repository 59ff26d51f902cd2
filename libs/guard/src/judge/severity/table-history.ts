import type { EvaluationEvent, OrmEvent } from '../../evaluate/machine/event.types.js';
import { insertsConstants } from './constant-rows.js';
import { bareName, QUALIFIED_NAME } from './sql-names.js';

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
      const table = bareName(match[1] ?? '').toLowerCase();
      const count = (inserts.get(table) ?? 0) + 1;
      inserts.set(table, count);
      const isSeed = insertsConstants(match[2] ?? '', text.slice(match.index + match[0].length));
      (isSeed && count <= MAX_SEED_INSERTS ? seeded : filled).add(table);
    }
    const created = new Set(
      [...text.matchAll(CREATE)].map((match) => bareName(match[1] ?? '').toLowerCase()),
    );
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

  /** Notes the rows that a migration inserts through TypeORM. @returns whether there are any */
  noteWrites(events: readonly EvaluationEvent[]): boolean {
    const [seeded, filled] = [new Set<string>(), new Set<string>()];
    for (const event of events) {
      if (event.kind !== 'orm' || event.entity?.table === undefined) continue;
      const table = bareName(event.entity.table).toLowerCase();
      if (addsRowsOfCode(event)) seeded.add(table);
      else if (event.verb === 'insert' || event.list === 'read') filled.add(table);
    }
    for (const table of seeded) this.#of(table).seeds++;
    for (const table of filled) this.#of(table).fills++;
    return seeded.size + filled.size > 0;
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

/** A list in the code is a seed. `save()` of one row may also change a row that the migration has read. */
function addsRowsOfCode({ verb, rows, list, loops }: OrmEvent): boolean {
  if (loops.some((loop) => loop !== 'values')) return false;
  if (verb === 'insert') return rows !== undefined || list === 'code';
  return verb === 'save' && (list === 'code' || (rows ?? 0) > 1);
}

const CREATE = new RegExp(String.raw`\bcreate\s+table\s+(?:if\s+not\s+exists\s+)?(${QUALIFIED_NAME})`, 'gi');

/** An INSERT up to the start of its rows. */
const INSERT = new RegExp(
  String.raw`\binsert\s+into\s+(${QUALIFIED_NAME})\s*(?:as\s+\w+\s*)?(?:\([^()]*\))?\s*(?:overriding\s+\w+\s+value\s*)?(values\s*\(|select\b|with\b|\()`,
  'gi',
);
