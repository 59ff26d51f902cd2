import type { LoopKind } from '../../evaluate/machine/event.types.js';
import type { Severity } from '../../rules/rule.types.js';
import type { SchemaMemory } from './schema-memory.js';
import type { KnownTables, TableSize } from './table-growth.js';

export interface Judgement {
  readonly severity: Severity;
  readonly reason: string;
}

/** The circumstances that the severity of a change depends on. */
export interface JudgementContext {
  readonly loops: readonly LoopKind[];
  readonly memory: SchemaMemory;
  readonly tables: KnownTables;
  /** Names of the CTEs of the whole statement. */
  readonly ctes: ReadonlySet<string>;
  /** The whole statement that contains the change. */
  readonly whole: string;
  /** The rows of the INSERT are a list that is not known: `VALUES ${rows}`. */
  readonly hasRowList: boolean;
}

export function high(reason: string): Judgement {
  return { severity: 'HIGH', reason };
}

export function medium(reason: string): Judgement {
  return { severity: 'MEDIUM', reason };
}

export function low(reason: string): Judgement {
  return { severity: 'LOW', reason };
}

/** HIGH on a table that grows, MEDIUM on a small one, for the same reason. */
export function highIfGrowing(size: TableSize, reason: string): Judgement {
  return size === 'growing' ? high(reason) : medium(reason);
}

/** A loop over rows that changes rows is HIGH on any table: it reads the rows first, and sends one statement each. */
export function rowLoop(): Judgement {
  return high('it runs once for each row that the migration reads');
}

/** A loop over rows that only adds rows to a small table, e.g. the permissions of each role. */
export function insertLoop(size: TableSize, loops: readonly LoopKind[]): Judgement {
  if (size === 'growing') return rowLoop();
  return loops[0] === 'values'
    ? low('it adds rows to a small table, for a list in the code')
    : medium('it adds rows to a small table, once for each row that the migration reads');
}

export function truncation(size: TableSize): Judgement {
  return size === 'growing' ? high('it empties a table that grows') : medium('it empties a small table');
}

/** A name alone does not make a change without a limit harmless. */
export function everyRow(size: TableSize, reason: string): Judgement {
  return size === 'small' ? low('it changes every row of a small table') : high(reason);
}

export function selectedRows(size: TableSize, reason: string): Judgement {
  return size === 'growing' ? medium(reason) : low('it changes selected rows of a small table');
}
