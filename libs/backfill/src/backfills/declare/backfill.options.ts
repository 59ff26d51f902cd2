import type { EntityTarget, FindOptionsWhere, ObjectLiteral } from 'typeorm';
import type { ThrottleOptions } from '../throttle/throttle.options.js';
import type { IndexReference } from './index.directory.js';
import type { CatchUpOptions } from './catch-up.options.js';
import type { RowColumns } from './kinds.js';
import type { Canary, TenantOrder } from './tenant.options.js';

/**
 * Which rows are still to be done: TypeORM's conditions, checked against the entity by the compiler, or an SQL fragment.
 * In SQL the row at hand is `this_row`; the function form gives quoted references: `(row) => `${row.email} IS NULL``.
 *
 * @publicApi
 */
export type PendingPredicate<Entity> =
  FindOptionsWhere<Entity> | FindOptionsWhere<Entity>[] | string | ((row: RowColumns<Entity>) => string);

/** How a run paces itself and how patient it is. Each can be set for the module and for one backfill. */
export interface PaceOptions {
  /** Rows of a batch: where a run starts. @default 200 */
  readonly batchSize?: number;
  /**
   * Rows up to which a batch grows while batches keep within `targetDuration`.
   * @default 2000, or `batchSize` where that is given: a size that you choose is kept to
   */
  readonly maxBatchSize?: number;
  /** Milliseconds that a batch is to take, and may make others wait, at most. @default 20 */
  readonly targetDuration?: number;
  /**
   * Milliseconds between batches. `'auto'` starts with 50, and where batches keep within their target becomes half of the time
   * that a batch takes. With 0, the next batch is under way before the last one's answer has come back.
   * @default 'auto'
   */
  readonly pause?: number | 'auto';
  /**
   * Milliseconds that a run waits for a lock with no row in hand, e.g. for a table that somebody has locked; a batch that holds rows lets go of
   * them much sooner. @default 60_000
   */
  readonly lockTimeout?: number;
  /** Milliseconds that one statement may take. @default 120_000 */
  readonly statementTimeout?: number;
  /** Milliseconds that a batch's transaction may stand idle while your code computes. @default 120_000 */
  readonly idleInTransactionTimeout?: number;
  /** Rows in quarantine after which the backfill fails. @default 1000 */
  readonly maxQuarantined?: number;
  /** A progress line every so many batches. @default 10 */
  readonly progressEvery?: number;
  /**
   * PostgreSQL's `synchronous_commit` of a batch. `off` does not wait for the disk at each batch: after a crash of the server the
   * last batches are missing together with their cursor, and are done again. `process` uses `on` unless told otherwise,
   * since your code may do things elsewhere that a crash does not undo.
   * @default 'off' ('on' for `process`)
   */
  readonly synchronousCommit?: 'on' | 'off';
  /** Ranges of the table that one process works on at the same time, each on a connection of its own. @default 1 */
  readonly workers?: number;
  /**
   * The same over all processes: who comes when so many are at work leaves it to them, and of those at work the surplus leaves when it is set
   * lower meanwhile. @default `workers`
   */
  readonly maxWorkers?: number;
}

/**
 * What `@Backfill` takes.
 *
 * @publicApi
 */
export interface BackfillOptions<Entity extends ObjectLiteral = ObjectLiteral> extends PaceOptions {
  /** Stable and unique: the ledger's key. Lower case letters, digits and dashes. */
  readonly name: string;
  readonly entity: EntityTarget<Entity>;
  /** Which rows are still to be done. The change must make it false. Optional for `copy` alone. */
  readonly where?: PendingPredicate<Entity>;
  /** Raise it to run the backfill again; the old record is kept. @default 1 */
  readonly version?: number;
  /** The name of the TypeORM data source. @default 'default' */
  readonly dataSource?: string;
  /** The property that tells a row's tenant: progress is then kept per tenant, and `--tenant` works. */
  readonly tenant?: keyof Entity & string;
  /**
   * The class that declares, with `@OnlineIndex`, the index that finds the pending rows; or the index's name. The plan and each run
   * warn when it is missing or INVALID.
   * @default none
   */
  readonly index?: IndexReference;
  /** Tenants whose rows are done and proved first; then the run waits for a person, or goes on. Needs `tenant`. */
  readonly canary?: Canary;
  /**
   * The order in which tenants have their turn, each in a sweep of its own: give the table an index that begins with the tenant
   * where there are many. Needs `tenant`. @default all at once, by key
   */
  readonly tenantOrder?: TenantOrder;
  /** Backfills that must be complete before this one starts. */
  readonly dependsOn?: readonly string[];
  /** When a running application catches up on this one, beside or instead of the module's `catchUp`; false: never. @default the module's */
  readonly catchUp?: CatchUpOptions | false;
  /** `purge` deletes the pending rows; the other kinds are told by the method that the class implements. */
  readonly kind?: 'purge';
  /** `transform` and `process`: the properties that your code reads. The key is always read. */
  readonly reads?: readonly (keyof Entity & string)[];
  /** `transform`: the properties that your code writes. */
  readonly writes?: readonly (keyof Entity & string)[];
  /** `copy`: the entity that rows are copied into. */
  readonly into?: EntityTarget<ObjectLiteral>;
  /** `copy`: the target's properties that tell whether a row is there already. @default the target's primary key */
  readonly conflict?: readonly string[];
  /** When the run makes way for the rest of the database; what is not named is as the module says. `false`: never. */
  readonly throttles?: ThrottleOptions | false;
}
