import type { MovedStatement } from '../sql/movable.types.js';
import type { CodeUnit, SqlPiece } from './code-units.js';

/** A place of a migration that changes rows. */
export interface DataPlace {
  /** The index of the unit in its method. */
  readonly unit: number;
  /** The index of the statement in the unit's SQL; undefined for other code. */
  readonly piece: number | undefined;
  readonly line: number;
}

/** The code of a loop or an ORM write, which a person completes. */
export interface Skeleton {
  readonly kind: 'skeleton';
  readonly table: string;
  readonly schema: string | undefined;
  readonly columns: readonly string[];
  readonly code: string;
  /** The name of the query runner in the code. */
  readonly runner: string;
}

/** A change of rows that moves into a backfill. */
export interface Move {
  readonly place: DataPlace;
  readonly moved: MovedStatement | Skeleton;
}

/** A change of rows that stays. */
export interface Refusal {
  readonly place: DataPlace;
  readonly reason: string;
}

export interface MovePlan {
  readonly moves: readonly Move[];
  readonly refusals: readonly Refusal[];
  /** Pieces and units that run after the backfills, in order. */
  readonly contract: readonly ContractPart[];
  /** For each move, the moves that must be complete before it. */
  readonly after: ReadonlyMap<Move, readonly Move[]>;
}

export interface ContractPart {
  readonly unit: CodeUnit;
  readonly at: number;
  /** The statements of the unit's SQL that move; undefined for the whole unit. */
  readonly pieces?: readonly SqlPiece[];
}
