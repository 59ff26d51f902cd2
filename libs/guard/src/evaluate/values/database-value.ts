import type { ClassValue, Facts, TextValue, Value } from './value.js';

/**
 * A handle on the database, as TypeORM names them: the query runner of the migration, its data source (`connection`), an
 * entity manager, a repository, a query builder, or `QueryRunner.sql`-like tags.
 */
export type DatabaseRole = 'runner' | 'source' | 'manager' | 'repository' | 'builder';

export interface DatabaseValue {
  readonly kind: 'database';
  readonly role: DatabaseRole;
  /** The entity of a repository or builder, when it is known. */
  readonly entity?: EntityName;
  /** Of a builder: what was called on it so far. */
  readonly builder?: BuilderState;
  /** Of a repository: what `extend` added. */
  readonly methods?: ReadonlyMap<string, Value>;
}

/** An entity as the migration names it: its class, its name in a string, or the table behind it. */
export interface EntityName {
  readonly name: string;
  readonly table: string;
  readonly class?: ClassValue;
}

export type BuilderVerb = 'select' | 'insert' | 'update' | 'delete' | 'soft-delete' | 'restore' | 'relation';

/** Shared by all links of one chain, since TypeORM's builders change in place. */
export interface BuilderState {
  verb: BuilderVerb;
  entity?: EntityName;
  readonly conditions: Condition[];
  readonly columns: Map<string, Value>;
  /** `values([...])` with a known number of rows. */
  rows?: number;
  reported: boolean;
}

/** A WHERE as far as it is known: SQL text, or the columns of a find condition. */
export interface Condition {
  readonly text?: TextValue;
  readonly columns: readonly string[];
  readonly facts: Facts;
}

export function database(role: DatabaseRole, entity?: EntityName): DatabaseValue {
  return entity ? { kind: 'database', role, entity } : { kind: 'database', role };
}
