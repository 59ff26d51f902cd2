import type { Routine } from 'nestjs-backfill-sql';
import type { SchemaEvent, SqlEvent } from '../evaluate/machine/event.types.js';
import type { Direction, Finding } from './finding.types.js';
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
  /** Applies the lock rules; missing for `down`, and if they are turned off. */
  readonly locks?: LockRuleChecker | undefined;
  /** Functions and procedures known so far; statements that create one add to it. */
  readonly routines: Routine[];
  /** The temporary tables of the migration. `endsWithText`: each text that it sends is a transaction. */
  readonly temporary: { names: ReadonlySet<string>; readonly endsWithText?: boolean };
}

/** Finds statements with dangerous locks. */
export interface LockRuleChecker {
  /** The findings of one SQL text. */
  ofSql(sent: SentSql): readonly Finding[];
  /** The findings of a call such as `queryRunner.createIndex(…)`. */
  ofCall(event: SchemaEvent, state: JudgeState): readonly Finding[];
}

/** An SQL text that the migration sends, and what the parser read in it. */
export interface SentSql {
  readonly event: SqlEvent;
  readonly reading: SqlReading;
  readonly state: JudgeState;
}
