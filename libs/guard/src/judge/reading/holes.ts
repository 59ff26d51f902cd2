import type { Hole } from '../../evaluate/values/value.types.js';

/** Where a hole is, by PostgreSQL's lexical rules. */
export type HolePlace =
  /** Inside `'…'`: its content does not change the kind of the statement. */
  | 'string'
  /** Inside `"…"`: a name. */
  | 'name'
  | 'comment'
  /** At the start of a statement: it can contain a whole statement. */
  | 'statement'
  /** Anywhere else. */
  | 'code';

/** An unknown piece of an SQL text. */
export interface PlacedHole {
  readonly hole: Hole;
  readonly place: HolePlace;
  /** The character before it, which limits what can fill it. */
  readonly before: string;
  /** It stands for the rows of an INSERT: `VALUES ${rows}`. */
  readonly isRowList: boolean;
}

const HOLE_PATTERN = /\bhole_(\d+)\b/g;

/** The name that replaces an unknown piece. The number lets messages restore the code. */
export function holeName(index: number): string {
  return `hole_${String(index)}`;
}

/** Replaces the name of each hole with its code. */
export function withExpressions(sql: string, holes: readonly PlacedHole[]): string {
  return sql.replace(HOLE_PATTERN, (name, index: string) => {
    const placed = holes[Number(index)];
    return placed ? `\${${placed.hole.expression}}` : name;
  });
}

/** The text for fingerprints: equal for every content of the holes. */
export function withoutHoleNames(sql: string): string {
  return sql.replace(HOLE_PATTERN, '${}');
}
