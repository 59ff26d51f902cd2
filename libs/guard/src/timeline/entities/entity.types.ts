import type { ClassValue, ObjectValue, Site } from '../../evaluate/values/value.types.js';
import type { TableName } from '../../schema/schema-change.types.js';

/** One column of an entity. */
export interface EntityColumn {
  /** The property, with the embedded objects around it: `address.city`. */
  readonly property: string;
  /** The name in the database by each naming strategy, the project's first. */
  readonly names: readonly string[];
  /** The guard could not read all that decides the name. */
  readonly isDoubtful: boolean;
  readonly site: Site;
}

/** An entity class or an EntitySchema. */
export interface Entity {
  readonly name: string;
  readonly table: TableName;
  /** The guard could not read the table's name. */
  readonly isDoubtful: boolean;
  readonly columns: readonly EntityColumn[];
  readonly site: Site;
  /** `synchronize: false`: the application's migrations may not make the table. */
  readonly isForeign: boolean;
  /** The names of the classes that it extends, the nearest first. */
  readonly bases: readonly string[];
  /** The class, or the EntitySchema. */
  readonly value: ClassValue | ObjectValue;
}
