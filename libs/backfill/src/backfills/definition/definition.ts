import type { DataSource } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import type { EntityMetadata } from 'typeorm/metadata/EntityMetadata.js';
import type { TimeoutPolicy } from '../../postgres/timeout-policy.js';
import type { CatchUpOptions } from '../declare/catch-up.options.js';
import type { ProcessBackfill, TransformBackfill } from '../declare/kinds.js';
import type { Pace } from '../declare/pace.js';
import type { Canary, TenantOrder } from '../declare/tenant.options.js';
import type { ThrottleLimits } from '../throttle/throttle.limits.js';

/** The alias of the current row, in every statement and in the user's SQL. */
export const ROW = '"this_row"';

/**
 * A condition and its parameters in text format. They are `$1` … in every statement that contains the
 * condition.
 */
export interface CompiledPredicate {
  /** In parentheses. */
  readonly sql: string;
  readonly parameters: readonly (string | null)[];
  /** The condition as messages show it. */
  readonly text: string;
}

/** A column and the SQL expression that is written into it. */
export interface Assignment {
  /** Quoted. */
  readonly column: string;
  readonly expression: string;
}

/** The declared index on the pending rows of a backfill. */
export interface PendingIndex {
  readonly name: string;
  /** `after`: it is built when every backfill that names it is complete. */
  readonly build: 'before' | 'after';
}

/** The part of a definition that all kinds share. */
export interface DefinitionBase {
  readonly name: string;
  /** Names that it had before. */
  readonly formerly: readonly string[];
  readonly version: number;
  readonly className: string;
  readonly dataSourceName: string;
  readonly dataSource: DataSource;
  readonly metadata: EntityMetadata;
  /** Quoted and qualified. */
  readonly table: string;
  /** The columns of the primary key, in its order. */
  readonly key: readonly ColumnMetadata[];
  readonly pending: CompiledPredicate;
  readonly tenant: ColumnMetadata | null;
  /** The time since when a row may be pending. */
  readonly lagColumn: ColumnMetadata | null;
  /** The declared index on the pending rows. */
  readonly index: PendingIndex | null;
  readonly canary: Canary | null;
  readonly tenantOrder: TenantOrder | null;
  readonly dependsOn: readonly string[];
  /** The changes may take any number of rows of other tables along. */
  readonly acceptsCascades: boolean;
  readonly pace: Pace & Pick<TimeoutPolicy, 'settings'>;
  readonly throttles: ThrottleLimits;
  /** As declared; schedule/ checks the values. */
  readonly catchUp: CatchUpOptions | false | undefined;
}

export interface SetDefinition extends DefinitionBase {
  readonly kind: 'set';
  /** With those of `touch`. */
  readonly assignments: readonly Assignment[];
}

export interface TransformDefinition extends DefinitionBase {
  readonly kind: 'transform';
  readonly reads: readonly ColumnMetadata[];
  /** Those of `reads` whose values are PostgreSQL's text. */
  readonly asText: ReadonlySet<ColumnMetadata>;
  readonly writes: readonly ColumnMetadata[];
  /** The columns of `touch`. */
  readonly touched: readonly Assignment[];
  readonly code: TransformBackfill<Record<string, unknown>>;
}

export interface CopyDefinition extends DefinitionBase {
  readonly kind: 'copy';
  /** Quoted and qualified. */
  readonly target: string;
  /** `pending` if the target has this quoted and qualified name. */
  readonly pendingIn: (target: string) => CompiledPredicate;
  readonly assignments: readonly Assignment[];
}

export interface PurgeDefinition extends DefinitionBase {
  readonly kind: 'purge';
}

export interface ProcessDefinition extends DefinitionBase {
  readonly kind: 'process';
  readonly reads: readonly ColumnMetadata[];
  /** Those of `reads` whose values are PostgreSQL's text. */
  readonly asText: ReadonlySet<ColumnMetadata>;
  readonly code: ProcessBackfill<Record<string, unknown>>;
}

/** A declared backfill, checked against its entity and compiled to SQL. */
export type BackfillDefinition =
  SetDefinition | TransformDefinition | CopyDefinition | PurgeDefinition | ProcessDefinition;
