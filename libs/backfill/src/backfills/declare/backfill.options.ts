import type { EntityTarget, FindOptionsWhere, ObjectLiteral } from 'typeorm';
import type { ThrottleOptions } from '../throttle/throttle.options.js';
import type { CatchUpOptions } from './catch-up.options.js';
import type { IndexReference } from './index.directory.js';
import type { RowColumns } from './kinds.js';
import type { Canary, TenantOrder } from './tenant.options.js';

/**
 * Which rows are pending: TypeORM's conditions, which the TypeScript compiler checks against the entity, or
 * an SQL fragment. In SQL the current row is `this_row`. The function form has quoted references:
 * `(row) => `${row.email} IS NULL``.
 *
 * @publicApi
 */
export type PendingPredicate<Entity> =
  FindOptionsWhere<Entity> | FindOptionsWhere<Entity>[] | string | ((row: RowColumns<Entity>) => string);

/**
 * The pace of a run and its timeouts. Each option can be set for the module and for one backfill.
 *
 * @publicApi
 */
export interface PaceOptions {
  /** Rows of a batch, at the start of a run. @default 200 */
  readonly batchSize?: number;
  /**
   * Rows up to which a batch grows while batches take no longer than `targetDuration`.
   * @default 2000; with `batchSize` set, that size, so that a batch does not grow
   */
  readonly maxBatchSize?: number;
  /**
   * Milliseconds that a batch may take, and may make other sessions wait. A slower batch is followed by
   * smaller ones.
   * @default 20
   */
  readonly targetDuration?: number;
  /**
   * Milliseconds between batches. `'auto'` starts with 50; while batches keep within `targetDuration`, the
   * pause becomes half of a batch's duration. With 0, the next batch is sent before the server has answered
   * the last one.
   * @default 'auto'
   */
  readonly pause?: number | 'auto';
  /**
   * Milliseconds that a run waits for a lock while it holds no row, e.g. for a locked table. A batch that
   * holds rows releases them much sooner.
   * @default 60_000
   */
  readonly lockTimeout?: number;
  /** Milliseconds that one statement may take. @default 120_000 */
  readonly statementTimeout?: number;
  /** Milliseconds that the transaction of a batch may be idle while your code computes. @default 120_000 */
  readonly idleInTransactionTimeout?: number;
  /** With more rows than this in quarantine, the backfill fails. @default 1000 */
  readonly maxQuarantined?: number;
  /** The number of batches per progress line in the log. @default 10 */
  readonly progressEvery?: number;
  /**
   * PostgreSQL's `synchronous_commit` of a batch. `off` does not wait for the disk at each commit: after a
   * crash of the server, the last batches and their cursor are missing together, and the run repeats them.
   * The default of `process` is `on`, because your code may have effects outside of the database, which a
   * crash does not undo.
   * @default 'off' ('on' for `process`)
   */
  readonly synchronousCommit?: 'on' | 'off';
  /**
   * The number of ranges that one process works on at the same time, each on its own connection.
   * @default 1
   */
  readonly workers?: number;
  /**
   * The number of ranges that all processes together work on at the same time. A process that starts when the
   * limit is reached leaves the run to the others. When the limit is lowered during a run, the surplus
   * workers release their ranges.
   * @default `workers`
   */
  readonly maxWorkers?: number;
}

/**
 * The options of `@Backfill`.
 *
 * @publicApi
 */
export interface BackfillOptions<Entity extends ObjectLiteral = ObjectLiteral> extends PaceOptions {
  /**
   * Stable and unique: the key of the record in the ledger. Lower case letters and digits, joined by single
   * dashes, dots or underscores; at most 200 characters.
   */
  readonly name: string;
  /** The entity whose rows are changed. */
  readonly entity: EntityTarget<Entity>;
  /** Which rows are pending. The change must make it false. Only `copy` can do without it. */
  readonly where?: PendingPredicate<Entity>;
  /** A higher version runs the backfill again; the ledger keeps the earlier record. @default 1 */
  readonly version?: number;
  /** The name of the TypeORM data source. @default 'default' */
  readonly dataSource?: string;
  /**
   * The property with the row's tenant: the ledger then counts per tenant, and `--tenant` works.
   * @default none
   */
  readonly tenant?: keyof Entity & string;
  /**
   * The class that declares, with `@OnlineIndex`, the index on the pending rows; or the name of that index.
   * The plan and each run warn if the index is missing or INVALID.
   * @default none
   */
  readonly index?: IndexReference;
  /** Tenants whose rows are changed and proved complete first. Needs `tenant`. @default none */
  readonly canary?: Canary;
  /**
   * The order of the tenants, each in a sweep of its own. With many tenants, give the table an index that
   * begins with the tenant's column. Needs `tenant`.
   * @default one sweep over all rows, in key order
   */
  readonly tenantOrder?: TenantOrder;
  /** The names of backfills that must be complete before this one starts. @default none */
  readonly dependsOn?: readonly string[];
  /**
   * When a running application catches up on this backfill; each option replaces the module's. `false`:
   * never.
   * @default the module's
   */
  readonly catchUp?: CatchUpOptions | false;
  /** `'purge'` deletes the pending rows. @default the kind of the method that the class implements */
  readonly kind?: 'purge';
  /** `transform` and `process`: the properties that your code reads. The key is always read. @default none */
  readonly reads?: readonly (keyof Entity & string)[];
  /** `transform`: the properties that your code writes. */
  readonly writes?: readonly (keyof Entity & string)[];
  /** `copy`: the entity that rows are copied into. */
  readonly into?: EntityTarget<ObjectLiteral>;
  /**
   * `copy`: the target's properties that identify a row that exists already.
   * @default the target's primary key
   */
  readonly conflict?: readonly string[];
  /**
   * The load limits at which the run waits; each limit replaces the module's. `false` turns all throttles
   * off.
   * @default the module's
   */
  readonly throttles?: ThrottleOptions | false;
}
