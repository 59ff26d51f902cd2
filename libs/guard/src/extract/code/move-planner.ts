import type { CodeUnit, SqlPiece } from './code-units.js';
import {
  addsMentionedColumn,
  changedTable,
  dependsOnSchema,
  makesPendingAgain,
  mustFollow,
  tablesOf,
} from './interference.js';
import type { ContractPart, Move, MovePlan, Refusal } from './move.types.js';
import {
  ADDING_CALLS,
  canRunEarlier,
  concernsNamedTables,
  isDataPiece,
  isOfSession,
  objectsOf,
  overloads,
} from './schema-change.js';
import { sessionReason } from './session-state.js';

/** A conflict that one statement less resolves. */
interface Conflict {
  readonly move: Move;
  readonly reason: string;
}

interface State {
  readonly contract: ContractPart[];
  /** Tables and other objects that the contract changes. */
  readonly late: Set<string>;
  /** Variables that the contract declares. */
  readonly lateNames: Set<string>;
  readonly before: Move[];
  readonly reading: Map<Move, Reading>;
  /** All names in the moved statements. */
  readonly used: Set<string>;
}

export interface PlannerContext {
  readonly lineOf: (offset: number) => number;
  /** Declarations that only the code of these moves uses: they move with it. */
  readonly carriedBy: (moves: readonly Move[]) => readonly CodeUnit[];
  /** Declarations that read the database for the code of this move. */
  readonly readsOf: (move: Move) => readonly CodeUnit[];
}

/** Code that has read rows, and has not changed any yet. */
interface Reading {
  readonly names: ReadonlySet<string>;
  /** How many parts the contract had when it read. */
  readonly parts: number;
}

interface SqlWalk {
  readonly moves: readonly Move[];
  readonly state: State;
  readonly refusedPieces: ReadonlySet<SqlPiece>;
}

interface CodeWalk {
  readonly moves: readonly Move[];
  readonly state: State;
  /** Units that change rows and stay. */
  readonly staying: ReadonlySet<number>;
}

/**
 * Decides for each statement of a method whether it stays, moves into a backfill, or moves into the contract
 * migration behind the backfills. The order of dependent statements stays as written. A data change that
 * cannot move without a change of that order stays, with the reason.
 */
export class MovePlanner {
  readonly #units: readonly CodeUnit[];
  readonly #context: PlannerContext;

  constructor(units: readonly CodeUnit[], context: PlannerContext) {
    this.#units = units;
    this.#context = context;
  }

  plan(moves: readonly Move[], refusals: readonly Refusal[]): MovePlan {
    let remaining = [...moves];
    const refused = [...refusals];
    for (;;) {
      const state: State = {
        contract: [],
        late: new Set(),
        lateNames: new Set(),
        before: [],
        reading: new Map(),
        used: new Set(),
      };
      const conflict = this.#conflictBetween(remaining) ?? this.#walk(remaining, refused, state);
      if (!conflict)
        return { moves: remaining, refusals: refused, contract: state.contract, after: orderOf(remaining) };
      refused.push({ place: conflict.move.place, reason: conflict.reason });
      remaining = remaining.filter((move) => move !== conflict.move);
    }
  }

  #conflictBetween(moves: readonly Move[]): Conflict | undefined {
    for (const [at, later] of moves.entries())
      for (const earlier of moves.slice(0, at))
        if (makesPendingAgain(later.moved, earlier.moved))
          return {
            move: later,
            reason: `it changes what the statement of line ${String(earlier.place.line)} reads or sets, so that backfill would start again; merge the two statements`,
          };
    return undefined;
  }

  #walk(moves: readonly Move[], refused: readonly Refusal[], state: State): Conflict | undefined {
    const staying = new Set(refused.flatMap(({ place }) => (place.piece === undefined ? [place.unit] : [])));
    const refusedPieces = new Set(
      refused.flatMap(({ place }) => this.#units[place.unit]?.sql?.[place.piece ?? -1] ?? []),
    );
    const carried = this.#context.carriedBy(moves);
    const reads = new Map(moves.map((move) => [move, this.#context.readsOf(move)] as const));
    for (const [at, unit] of this.#units.entries()) {
      const conflict = carried.includes(unit)
        ? undefined
        : unit.sql
          ? this.#walkSql(at, unit.sql, { moves, state, refusedPieces })
          : this.#walkCode(at, { moves, state, staying });
      if (conflict) return conflict;
      for (const [move, units] of reads) if (units[0] === unit) this.#beginReading(move, units, state);
    }
    return undefined;
  }

  #walkSql(
    at: number,
    pieces: readonly SqlPiece[],
    { moves, state, refusedPieces }: SqlWalk,
  ): Conflict | undefined {
    const unit = this.#units[at];
    const late: SqlPiece[] = [];
    for (const [index, piece] of pieces.entries()) {
      const move = moves.find(({ place }) => place.unit === at && place.piece === index);
      // A DO block without a finding changes no rows, but it may read them.
      const changesRows = isDataPiece(piece) && (piece.kind !== 'DoStmt' || refusedPieces.has(piece));
      const conflict = move
        ? this.#enter(move, state)
        : changesRows && state.before.length > 0
          ? stayConflict(namesForConflict(piece), { state, line: this.#line(at) })
          : undefined;
      if (conflict) return conflict;
      if (move || changesRows || !isLate(piece, state)) continue;
      const held = this.#heldConflict({ at, piece: index }, state);
      if (held) return held;
      late.push(piece);
      for (const name of objectsOf(piece)) state.late.add(name);
    }
    if (unit && late.length > 0) state.contract.push({ unit, at, pieces: late });
    return undefined;
  }

  #walkCode(at: number, { moves, state, staying }: CodeWalk): Conflict | undefined {
    const unit = this.#units[at];
    if (!unit) return undefined;
    const move = moves.find(({ place }) => place.unit === at);
    if (move) return this.#enter(move, state);
    if (staying.has(at)) return stayConflict([...unit.names], { state, line: this.#line(at) });
    if (state.before.length === 0 || !isLateCode(unit, state)) return undefined;
    const held = this.#heldConflict({ at }, state);
    if (held) return held;
    state.contract.push({ unit, at });
    for (const name of unit.names) if (unit.usesDatabase) state.late.add(name);
    for (const name of unit.declares) state.lateNames.add(name);
    return undefined;
  }

  /** What stands behind the code that reads rows must not run before that code. */
  #beginReading(move: Move, units: readonly CodeUnit[], state: State): void {
    const names = new Set(units.flatMap((unit) => [...unit.names]));
    state.reading.set(move, { names, parts: state.contract.length });
    state.before.push(move);
  }

  #enter(move: Move, state: State): Conflict | undefined {
    const reading = state.reading.get(move);
    const needed = state.contract.find((part, index) =>
      reading && index >= reading.parts ? mayNeed(move, part) : dependsOnSchema(move.moved, part),
    );
    if (needed)
      return {
        move,
        reason: `it needs line ${String(this.#line(needed.at))}, which must run after another backfill`,
      };
    state.reading.delete(move);
    for (const [other, { names }] of state.reading)
      if (names.has(changedTable(move.moved)))
        return {
          move: other,
          reason: `line ${String(move.place.line)} changes what the code before it has read`,
        };
    if (!reading) state.before.push(move);
    const { unit, piece } = move.place;
    const names = this.#units[unit]?.sql?.[piece ?? -1]?.names ?? this.#units[unit]?.names ?? [];
    for (const name of names) state.used.add(name);
    return undefined;
  }

  /** A later statement does not move either if its session gives it another meaning. */
  #heldConflict(place: { readonly at: number; readonly piece?: number }, state: State): Conflict | undefined {
    const reason = sessionReason(this.#units, place, this.#context.lineOf);
    const move = state.before.at(-1);
    return reason === undefined || !move
      ? undefined
      : { move, reason: `line ${String(this.#line(place.at))} must run after it, but ${reason}` };
  }

  #line(at: number): number {
    return this.#context.lineOf(this.#units[at]?.start ?? 0);
  }
}

/** Whether code that has read its rows before may need a later change of the schema: one of the table that it changes. */
function mayNeed({ moved }: Move, { unit, pieces }: ContractPart): boolean {
  const table = changedTable(moved);
  if (!pieces) return unit.sent.isUnread || unit.names.has(table);
  return pieces.some((piece) => !concernsNamedTables(piece) || objectsOf(piece).has(table));
}

/** A data change that stays after moved ones must not depend on them. */
function stayConflict(
  tables: readonly string[],
  { state, line }: { state: State; line: number },
): Conflict | undefined {
  const move = state.before.find(({ moved }) => [...tablesOf(moved)].some((table) => tables.includes(table)));
  const blocked = move ?? (tables.some((table) => state.late.has(table)) ? state.before.at(-1) : undefined);
  return (
    blocked && {
      move: blocked,
      reason: `line ${String(line)} also changes rows, cannot move, and must run after this statement`,
    }
  );
}

/** What a statement names that stays. The statements of a DO block are in its text. */
function namesForConflict(piece: SqlPiece): readonly string[] {
  return piece.kind === 'DoStmt' ? (piece.text.match(/[A-Za-z_]\w*/g) ?? []) : [...objectsOf(piece)];
}

/**
 * Only statements that are known to add something, and those about other tables, run before a statement that
 * stood before them. Everything else may change what it reads or calls.
 */
function isLate(piece: SqlPiece, { before, late, used }: State): boolean {
  if (before.length === 0 || isOfSession(piece)) return false;
  const objects = [...objectsOf(piece)];
  const moved = before.map((move) => move.moved);
  // Also by the names that it creates: an index that is dropped late can only be created again after that.
  if ([...piece.names].some((name) => late.has(name) && name !== 'public')) return true;
  if (piece.kind === 'AlterTableStmt' && addsMentionedColumn(piece, moved)) return true;
  if (overloads(piece, used)) return true;
  if (canRunEarlier(piece)) return false;
  return (
    !concernsNamedTables(piece) || objects.some((name) => moved.some((each) => tablesOf(each).has(name)))
  );
}

function isLateCode(unit: CodeUnit, { before, late, lateNames }: State): boolean {
  if ([...lateNames].some((name) => unit.names.has(name))) return true;
  if (!unit.usesDatabase) return false;
  if (unit.schemaCall === undefined || !ADDING_CALLS.has(unit.schemaCall)) return true;
  const isUnique = /isUnique\s*:\s*true/.test(unit.text);
  const isTouched = [...unit.names].some((name) => late.has(name));
  const isMoved = before.some(({ moved }) => [...tablesOf(moved)].some((table) => unit.names.has(table)));
  return isTouched || (isUnique && isMoved);
}

function orderOf(moves: readonly Move[]): ReadonlyMap<Move, readonly Move[]> {
  return new Map(
    moves.map((move, at) => [
      move,
      moves.slice(0, at).filter((earlier) => mustFollow(move.moved, earlier.moved)),
    ]),
  );
}
