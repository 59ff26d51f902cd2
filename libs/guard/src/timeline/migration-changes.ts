import { isExtensionFunction, type Routine, type Statement } from 'nestjs-backfill-sql';
import type { SqlParser } from 'nestjs-backfill-sql/tree';
import type { EvaluationEvent, SqlEvent } from '../evaluate/machine/event.types.js';
import type { Region } from '../judge/finding.types.js';
import type { PlacedHole } from '../judge/reading/holes.js';
import { readSql } from '../judge/reading/sql-reading.js';
import type { SqlClassifier } from '../judge/reading/sql-classifier.js';
import { regionInMigration } from '../judge/regions.js';
import { changesOfCall } from '../schema/runner-calls.js';
import type { SchemaChange } from '../schema/schema-change.types.js';
import { StatementChanges } from '../schema/statement-changes.js';
import { isConditional } from './conditional-code.js';

/** One change of the schema, and where a migration makes it. */
export interface PlacedChange {
  readonly change: SchemaChange;
  readonly region: Region;
  readonly statement: string;
  /** It depends on a condition that asks for something else than the schema. */
  readonly isConditional: boolean;
}

export interface ChangesContext {
  readonly classifier: SqlClassifier;
  readonly parser: SqlParser;
  readonly routines: readonly Routine[];
  /** The migration's own file. */
  readonly file: string;
}

/** What one direction of a migration does to tables and columns, in order. */
export function changesOf(
  events: readonly EvaluationEvent[],
  context: ChangesContext,
): readonly PlacedChange[] {
  return events
    .filter(({ doubt }) => doubt === undefined)
    .flatMap((event) => {
      const changes = changesOfEvent(event, context);
      if (changes.length === 0) return [];
      const place = {
        region: regionInMigration(event, context.file),
        isConditional: isConditional(event),
      };
      return changes.map(({ statement, change }): PlacedChange => ({ ...place, change, statement }));
    });
}

type FoundChange = Pick<PlacedChange, 'change' | 'statement'>;

function changesOfEvent(event: EvaluationEvent, context: ChangesContext): readonly FoundChange[] {
  const { source, start, end } = event.site;
  const statement = source.slice(start, end);
  switch (event.kind) {
    case 'schema':
      return changesOfCall(event).map((change) => ({ change, statement }));
    case 'sql':
      return changesOfSql(event, context);
    case 'undecided':
      return [unclear(`it calls ${event.expression}, which the guard cannot read`, statement)];
    default:
      return [];
  }
}

function unclear(reason: string, statement: string): FoundChange {
  return { change: { kind: 'unclear', reason }, statement };
}

const CHANGED_TABLE =
  /^\s*(?:alter|create|drop)\s+table\s+(?:if\s+(?:not\s+)?exists\s+)?(?:only\s+)?(?:(?:"[^"]+"|\w+)\s*\.\s*)?("[^"]+"|\w+)[^;]*;?\s*$/i;

/** One statement that the parser rejects still shows which table it changes. */
function unclearSql(reason: string, sql: string): FoundChange {
  const name = CHANGED_TABLE.exec(sql)?.[1];
  if (name === undefined || HOLE.test(name)) return unclear(reason, sql);
  const table = { name: name.startsWith('"') ? name.slice(1, -1) : name.toLowerCase() };
  return { change: { kind: 'unclear', table, reason }, statement: sql };
}

const ROWS_ONLY = /^\s*(?:update|insert|delete|merge|truncate|select|comment)\b/i;

function changesOfSql(event: SqlEvent, context: ChangesContext): readonly FoundChange[] {
  if (event.text.kind === 'unknown')
    return event.guessed ? [] : [unclear(`it sends SQL that the guard cannot read`, event.text.expression)];
  const reading = readSql(context.classifier, event.text, { routines: context.routines });
  const { sql } = reading.rendered;
  if (reading.unparsed)
    return event.guessed || ROWS_ONLY.test(sql)
      ? []
      : [unclearSql('it sends SQL that PostgreSQL rejects or that the guard cannot read', sql)];
  const reader = new StatementChanges(context.parser);
  const found = reading.classification.statements.flatMap((statement) => [
    ...reader.of(statement.text).map((change) => ({
      change: withoutUnknownNames(change),
      statement: statement.text,
    })),
    ...unclearCalls(statement),
  ]);
  return reading.openPiece === undefined || isOfRows(sql, reading.holes)
    ? found
    : [...found, unclear('it sends SQL that the guard cannot read', sql)];
}

/** `UPDATE … ${condition}`: the unknown piece may hold anything, but it is behind a change of rows. */
function isOfRows(sql: string, holes: readonly PlacedHole[]): boolean {
  return ROWS_ONLY.test(sql) && holes.every(({ place }) => place !== 'statement');
}

/** Statements that run the functions in them. */
const RUNS_ROUTINES = new Set(['SelectStmt', 'CallStmt']);

/** A function that was not read may change tables. */
function unclearCalls({ node, unknowns, text }: Statement): readonly FoundChange[] {
  if (!RUNS_ROUTINES.has(node)) return [];
  return unknowns
    .filter(({ call }) => !(call && isExtensionFunction(call.name)))
    .map(({ detail }) => unclear(detail, text));
}

const HOLE = /hole_\d+/;

/** An unknown piece in a name: the change is to a table or column that is not known. */
function withoutUnknownNames(change: SchemaChange): SchemaChange {
  if (!HOLE.test(JSON.stringify(change))) return change;
  const { table } = change;
  const isKnown = table && !HOLE.test(table.name);
  const named = isKnown ? { name: table.name } : undefined;
  const rest = JSON.stringify({ ...change, table: named ?? null });
  // An unknown schema leaves the table's name, which is enough.
  if (named && !HOLE.test(rest)) return { ...change, table: named };
  return {
    kind: 'unclear',
    ...(named ? { table: named } : {}),
    reason: 'it computes the name of a table or column',
  };
}
