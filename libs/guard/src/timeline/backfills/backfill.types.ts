import type { Site } from '../../evaluate/values/value.types.js';
import type { TableName } from '../../schema/schema-change.types.js';

/** A column that a backfill reads or writes. */
export interface UsedColumn {
  readonly table: TableName;
  /** The property, or the column in its SQL. */
  readonly property: string;
  /** The name in the database by each naming strategy, the project's first. */
  readonly names: readonly string[];
  readonly isDoubtful: boolean;
  /** Where it is used, e.g. `where`. */
  readonly option: string;
  readonly site: Site;
}

/** A class with `@Backfill`. */
export interface DeclaredBackfill {
  readonly name: string;
  readonly className: string;
  readonly site: Site;
  readonly columns: readonly UsedColumn[];
}
