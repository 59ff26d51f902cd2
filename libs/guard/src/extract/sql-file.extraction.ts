import { basename } from 'node:path';
import type { Finding } from '../judge/finding.types.js';
import { NOTHING_SENT, piecesOf, type CodeUnit, type SqlPiece } from './code/code-units.js';
import { MovePlanner } from './code/move-planner.js';
import { MoveReader } from './code/move.reader.js';
import type { Move } from './code/move.types.js';
import type { Extraction, ExtractionContext } from './extraction.js';
import { announce, BackfillWriter } from './write/backfill.writer.js';
import type { Backfill } from './write/generated.types.js';
import { applyEdits } from './write/remainder.js';
import { TableWriter } from './write/table.writer.js';

export interface SqlFileSource {
  /** Absolute path. */
  readonly file: string;
  readonly text: string;
  readonly findings: readonly Finding[];
  readonly suppressed: readonly number[];
}

/**
 * Moves the data changes of an SQL file into backfills. Statements that depend on them cannot move, because
 * an SQL file cannot require a backfill: the data changes then stay.
 */
export function extractSqlFile(source: SqlFileSource, context: ExtractionContext): Extraction {
  const { text, findings, suppressed } = source;
  const units = (piecesOf(text, context.parser) ?? []).map(unitOf);
  const lineOf = (offset: number): number => text.slice(0, offset).split('\n').length;
  const reader = new MoveReader(units, {
    ...context,
    lineOf,
    conditionAt: () => undefined,
    runner: '',
    codeOf: (unit) => unit.text,
  });
  const { moves, refusals } = reader.read(findings, suppressed);
  const planner = new MovePlanner(units, { lineOf, carriedBy: () => [], readsOf: () => [] });
  let plan = planner.plan(moves, refusals);
  const [late] = plan.contract;
  if (late) {
    const reason = `line ${String(lineOf(late.unit.start))} must run after it, and an SQL file cannot require a backfill`;
    plan = planner.plan([], [...plan.refusals, ...plan.moves.map(({ place }) => ({ place, reason }))]);
  }
  const tables = new TableWriter(context);
  for (const move of plan.moves) announce(tables, move);
  const writer = new BackfillWriter({ tables, folder: context.folder, migration: basename(source.file) });
  const written = new Map<Move, Backfill>();
  for (const move of plan.moves) {
    const after = (plan.after.get(move) ?? []).flatMap((earlier) => written.get(earlier) ?? []);
    written.set(move, writer.write(move, after));
  }
  const edits = [...written].flatMap(([{ place }, { name }]) => {
    const unit = units[place.unit];
    if (!unit) return [];
    const end = unit.end + (/^\s*;/.exec(text.slice(unit.end))?.[0].length ?? 0);
    return [{ start: unit.start, end, text: `-- data: ${name}` }];
  });
  return {
    backfills: [...written.values()],
    tables: tables.files(),
    contract: undefined,
    migration: applyEdits(text, edits),
    kept: plan.refusals.map(({ place, reason }) => ({ line: place.line, reason })),
  };
}

function unitOf(piece: SqlPiece): CodeUnit {
  return {
    node: { type: 'EmptyStatement', start: piece.start, end: piece.end },
    start: piece.start,
    end: piece.end,
    text: piece.text,
    sql: [piece],
    parameters: [],
    usesDatabase: true,
    declares: [],
    sent: NOTHING_SENT,
    names: piece.names,
  };
}
