import { areDifferent } from '../sql/distinct-literals.js';
import type { MovedStatement, MovedUpdate } from '../sql/movable.types.js';
import { isNeverNull, literalOf } from '../sql/values.js';
import { alterations, columnsAdded, objectsOf } from './schema-change.js';
import type { CodeUnit, SqlPiece } from './code-units.js';
import type { Skeleton } from './move.types.js';

type Moved = MovedStatement | Skeleton;

/** The table that it changes. */
export function changedTable(moved: Moved): string {
  if (moved.kind === 'skeleton') return moved.table;
  return moved.kind === 'copy' ? moved.target.name : moved.row.name;
}

/** All tables that it reads or changes. */
export function tablesOf(moved: Moved): ReadonlySet<string> {
  if (moved.kind === 'skeleton') return new Set([moved.table, ...(moved.code.match(/[A-Za-z_]\w*/g) ?? [])]);
  return new Set([changedTable(moved), moved.row.name, ...moved.sources]);
}

/** Whether one must be complete before the other starts. */
export function mustFollow(later: Moved, earlier: Moved): boolean {
  return tablesOf(later).has(changedTable(earlier)) || tablesOf(earlier).has(changedTable(later));
}

/** Whether the later statement can make rows of the earlier backfill pending again. */
export function makesPendingAgain(later: Moved, earlier: Moved): boolean {
  const changed = changedTable(later);
  if (earlier.kind === 'skeleton') return changedTable(earlier) === changed;
  if (earlier.kind === 'copy') return later.kind !== 'set' && earlier.target.name === changed;
  if (later.kind === 'skeleton') return tablesOf(earlier).has(changed);
  if (later.kind === 'purge') return earlier.sources.includes(changed);
  if (later.kind === 'copy') return tablesOf(earlier).has(changed);
  if (changed !== earlier.row.name) return earlier.sources.includes(changed) && readsAny(earlier, later);
  if (!readsAny(earlier, later)) return false;
  if (earlier.kind !== 'set') return true;
  // It also reads other rows of its table, which neither its guards nor its own rows limit.
  if (earlier.sources.includes(earlier.row.name)) return true;
  if (haveOtherRows(later, earlier)) return false;
  return ![...earlier.guards].some(([column, values]) => {
    const assignment = later.assignments.find((each) => each.column === column);
    if (!assignment) return false;
    const literal = literalOf(assignment.tree);
    if (literal !== undefined) return !values.includes(literal);
    return values.length === 1 && values[0] === null && isNeverNull(assignment.tree);
  });
}

/** Whether no row can satisfy both conditions, by a column that neither changes. */
function haveOtherRows({ pinned: later }: MovedUpdate, { pinned: earlier }: MovedUpdate): boolean {
  return [...earlier].some(([column, values]) => {
    const others = later.get(column);
    return others?.every((other) => values.every((value) => areDifferent(other, value))) === true;
  });
}

function readsAny(earlier: MovedStatement, later: Moved): boolean {
  if (later.kind !== 'set') return true;
  return earlier.columns.has('*') || later.assignments.some(({ column }) => earlier.columns.has(column));
}

/** Whether a moved statement needs a change of the schema that is made after the backfills. */
export function dependsOnSchema(
  moved: Moved,
  { unit, pieces }: { readonly unit: CodeUnit; readonly pieces?: readonly SqlPiece[] },
): boolean {
  const tables = tablesOf(moved);
  if (!pieces) return unit.sent.isUnread || [...tables].some((table) => unit.names.has(table));
  return pieces.some((piece) => {
    if (![...objectsOf(piece)].some((name) => tables.has(name))) return false;
    if (moved.kind === 'skeleton' || piece.kind !== 'AlterTableStmt') return true;
    return alterations(piece).some(
      ({ subtype, name }) =>
        name === '' || subtype === 'AT_AddConstraint' || moved.columns.has(name) || moved.columns.has('*'),
    );
  });
}

/** Columns that a piece adds and a moved statement, which stood before it, mentions. */
export function addsMentionedColumn(piece: SqlPiece, moved: readonly Moved[]): boolean {
  const added = alterations(piece)
    .filter(({ subtype }) => subtype === 'AT_AddColumn')
    .flatMap(({ definition }) => JSON.stringify(definition).match(/"colname":"([^"]+)"/)?.[1] ?? []);
  const table = columnsAdded(piece)?.table ?? '';
  return moved.some(
    (each) =>
      each.kind !== 'skeleton' &&
      tablesOf(each).has(table) &&
      added.some((column) => each.columns.has(column)),
  );
}
