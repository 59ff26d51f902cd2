import type { EntityTarget, FindOptionsWhere, ObjectLiteral } from 'typeorm';
import type { ThrottleOptions } from '../throttle/throttle.options.js';
import type { CatchUpOptions } from './catch-up.options.js';
import type { IndexReference } from './index.directory.js';
import type { RowColumns } from './kinds.js';
import type { Canary, TenantOrder } from './tenant.options.js';

/**
 * Selects the pending rows: TypeORM conditions, which the TypeScript compiler checks against the entity, or
 * an SQL condition. In SQL, `this_row` is the alias of the current row. The function form receives quoted
 * column references: `(row) => `${row.email} IS NULL``.
 *
 * @publicApi
 */
export type PendingPredicate<Entity> =
  FindOptionsWhere<Entity> | FindOptionsWhere<Entity>[] | string | ((row: RowColumns<Entity>) => string);

/** The properties that code reads, and whether as JavaScript values or as PostgreSQL's text. */
export type ReadForms<Entity> = { readonly [Property in keyof Entity & string]?: 'value' | 'text' };

/**
 * The pace of a run and its timeouts. Each option can be set for the module and for one backfill.
 *
 * @publicApi
 */
export interface PaceOptions {
  /** Rows per batch at the start of a run. @default 200 */
  readonly batchSize?: number;
  /**
   * Maximum number of rows per batch. Batches grow up to it while they take no longer than `targetDuration`.
   * @default 2000; with `batchSize` set, that size, so that a batch does not grow
   */
  readonly maxBatchSize?: number;
  /**
   * Milliseconds for which a batch may hold its row locks, by the server's clock, and thereby may block other
   * sessions. The time of the network or of a busy process does not count. After a much slower batch, the
   * batch size decreases.
   * @default 20
   */
  readonly targetDuration?: number;
  /**
   * Milliseconds between batches. `'auto'` starts with 50 and becomes a quarter of the server's time for a batch,
   * less the time of a round trip. With 0, the next batch is sent before the
   * server has answered the last one.
   * @default 'auto'
   */
  readonly pause?: number | 'auto';
  /**
   * Milliseconds that a run waits for a lock, e.g. on the table, while it holds no row locks. A batch that
   * holds row locks waits much less.
   * @default 60_000
   */
  readonly lockTimeout?: number;
  /** Milliseconds that one statement may take. @default 120_000 */
  readonly statementTimeout?: number;
  /** Milliseconds that the transaction of a batch may be idle while your code computes. @default 120_000 */
  readonly idleInTransactionTimeout?: number;
  /**
   * The backfill fails if more rows than this are in quarantine. Each of several processes may notice the rows
   * of the others up to a sixteenth too late.
   * @default 1000
   */
  readonly maxQuarantined?: number;
  /** The number of batches per progress line in the log. @default 10 */
  readonly progressEvery?: number;
  /**
   * PostgreSQL's `synchronous_commit` of a batch. With `off`, a commit does not wait for the disk. A crash of
   * the server can lose the last batches together with their cursor; the run then repeats them. The default
   * for `process` is `on`, because your code may have effects outside the database, which a crash does not
   * undo.
   * @default 'off' ('on' for `process`)
   */
  readonly synchronousCommit?: 'on' | 'off';
  /**
   * The order in which a sweep reads the rows. `page`: in the order of the table's pages, which are read and
   * written once, whatever the order of the keys. It needs PostgreSQL 14 or later and an ordinary table or
   * partitions; where it is not possible, the sweep uses the order of the key and says why. `key`: in the
   * order of the primary key. `auto`: `page`, except for small tables, where an index finds few pending rows among many, and for
   * the rows of a tenant that an index finds.
   * @default 'auto'
   */
  readonly order?: 'auto' | 'page' | 'key';
  /**
   * In page order, the number of times that a sweep passes a small region of pages; each pass takes every
   * n-th row. The passes after the first one find room on the same page, so that the updates are heap-only:
   * they write less WAL, no index entries, and the table hardly grows. `auto` decides by the rows per page,
   * and uses one stripe where updates cannot be heap-only.
   * @default 'auto'
   */
  readonly stripes?: number | 'auto';
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
   * Identifies the backfill in the ledger. It must be unique; to change it, name the former one in `formerly`.
   * Lower-case letters and digits, joined by single dashes, dots or underscores; at most 200 characters.
   */
  readonly name: string;
  /**
   * Names that the backfill had before. Its next run gives the records under these names the current one, on all
   * tables: status, progress, settings, quarantine and history. A migration may still `require` a former name.
   * @default none
   */
  readonly formerly?: readonly string[];
  /** The entity whose rows are changed. */
  readonly entity: EntityTarget<Entity>;
  /** Selects the pending rows. The change must make it false. Required for every kind except `copy`. */
  readonly where?: PendingPredicate<Entity>;
  /** A higher version runs the backfill again; the ledger keeps the earlier record. @default 1 */
  readonly version?: number;
  /** The name of the TypeORM data source. @default 'default' */
  readonly dataSource?: string;
  /**
   * The property that holds the row's tenant. It enables counts per tenant and `--tenant`.
   * @default none
   */
  readonly tenant?: keyof Entity & string;
  /**
   * The property with the time since when a row may be pending, e.g. `createdAt`. With OpenTelemetry, the metric
   * `backfill.lag` is the age of the oldest pending row by it.
   * @default none
   */
  readonly lagColumn?: keyof Entity & string;
  /**
   * The class that declares, with `@OnlineIndex`, the index on the pending rows; or the name of that index.
   * The plan and each run warn if the index is missing or INVALID.
   * @default none
   */
  readonly index?: IndexReference;
  /** Tenants whose rows are changed and proved complete first. Needs `tenant`. @default none */
  readonly canary?: Canary;
  /**
   * The order in which tenants are processed, each in a separate sweep. With many tenants, the table should
   * have an index that begins with the tenant's column. Needs `tenant`.
   * @default one sweep over all rows, in key order
   */
  readonly tenantOrder?: TenantOrder;
  /** The names of backfills that must be complete before this one starts. @default none */
  readonly dependsOn?: readonly string[];
  /**
   * The schedule on which a running application catches up on this backfill. Each option overrides the
   * module's option. `false` turns catch-up off for this backfill.
   * @default the module's
   */
  readonly catchUp?: CatchUpOptions | false;
  /** `'purge'` deletes the pending rows. @default the kind of the method that the class implements */
  readonly kind?: 'purge';
  /**
   * The deletes of a `purge`, or the new values of columns that other tables refer to, may take any number of rows of
   * other tables along, through foreign keys with ON DELETE or ON UPDATE CASCADE, SET NULL or SET DEFAULT. Without it, a
   * run that would take more than 1,000 of them along is refused.
   * @default not accepted
   */
  readonly cascades?: 'accepted';
  /**
   * Settings of PostgreSQL for each transaction of the backfill, e.g. `{ 'app.actor': 'backfill' }` for audit triggers
   * and row-level security. They are set locally, and also apply to the queries that search and prove.
   * @default none
   */
  readonly settings?: Readonly<Record<string, string>>;
  /**
   * `set` and `transform`: also set the `@UpdateDateColumn` to the time of the transaction, and add 1 to the
   * `@VersionColumn`, as a repository's `save` does. By default they keep their values, so that a backfill does not
   * look like a change by a user.
   * @default false
   */
  readonly touch?: boolean;
  /**
   * `transform` and `process`: the properties that your code reads. The key is always read. In the form
   * `{ at: 'text', name: 'value' }`, a property with `'text'` has PostgreSQL's text instead of a JavaScript value: a time
   * with its microseconds, a number of any size. A text that `transform` returns for it is written as it is.
   * @default none
   */
  readonly reads?: readonly (keyof Entity & string)[] | ReadForms<Entity>;
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
   * The load limits at which the run waits. Each limit overrides the module's limit. `false` turns all
   * throttles off.
   * @default the module's
   */
  readonly throttles?: ThrottleOptions | false;
}
