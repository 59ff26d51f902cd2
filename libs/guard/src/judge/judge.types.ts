import type { Routine } from 'nestjs-backfill-sql';
import type { SqlEvent } from '../evaluate/machine/event.types.js';
import type { Direction } from './finding.types.js';
import type { SqlClassifier } from './reading/sql-classifier.js';
import type { SqlReading } from './reading/sql-reading.js';
import type { SchemaMemory } from './severity/schema-memory.js';
import type { KnownTables } from './severity/table-growth.js';

/** What the judgement of one direction's statements needs and collects. */
export interface JudgeState {
  readonly classifier: SqlClassifier;
  readonly direction: Direction;
  /** The migration's own file. */
  readonly file: string;
  readonly memory: SchemaMemory;
  readonly tables: KnownTables;
  /** Functions and procedures known so far; statements that create one add to it. */
  readonly routines: Routine[];
}

/** An SQL text that the migration sends, and what the parser read in it. */
export interface SentSql {
  readonly event: SqlEvent;
  readonly reading: SqlReading;
  readonly state: JudgeState;
}
