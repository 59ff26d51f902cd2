/**
 * - `started`, `completed`, `incomplete`, `failed`: a run has begun or ended
 * - `paused`, `cancelled`, `resumed`: a person has decided
 * - `drift`: a complete backfill has pending rows again
 * - `quarantined`: a row cannot be changed
 * - `throttled`: a throttle holds a run
 * - `migration-deferred`: a contract migration waits for backfills
 */
export const BACKFILL_EVENT_TYPES = [
  'started',
  'completed',
  'incomplete',
  'failed',
  'paused',
  'cancelled',
  'resumed',
  'drift',
  'quarantined',
  'throttled',
  'migration-deferred',
] as const;
/** One of `BACKFILL_EVENT_TYPES`. @publicApi */
export type BackfillEventType = (typeof BACKFILL_EVENT_TYPES)[number];

/** What every event has. @publicApi */
export interface BackfillEventBase<Type extends BackfillEventType> {
  /** The same if the event is delivered again. Unique for a data source. */
  readonly id: string;
  readonly type: Type;
  /** Name of the data source whose ledger has the event. */
  readonly dataSource: string;
  /** The reason, as a sentence; of `quarantined`, the error. */
  readonly reason: string;
  /** ISO 8601, the database's clock. */
  readonly at: string;
}

/** A change of the status of a backfill. @publicApi */
export interface BackfillStatusEvent<Type extends BackfillEventType> extends BackfillEventBase<Type> {
  readonly backfill: string;
  readonly version: number;
  /** The table, as `schema.table`. */
  readonly target: string;
  readonly from: string;
  readonly to: string;
  /** A person, or a process as `host:pid:run`. */
  readonly actor: string;
}

/** A row that cannot be changed. @publicApi */
export interface BackfillQuarantinedEvent extends BackfillEventBase<'quarantined'> {
  readonly backfill: string;
  readonly version: number;
  readonly target: string;
  /** One text per key column. */
  readonly key: readonly string[];
  readonly tenant: string | null;
}

/** A throttle that holds a run. @publicApi */
export interface BackfillThrottledEvent extends BackfillEventBase<'throttled'> {
  readonly backfill: string;
  readonly version: number;
  readonly target: string;
  /** The process, as `host:pid:run`. */
  readonly actor: string;
}

/** A contract migration that waits for backfills. @publicApi */
export interface MigrationDeferredEvent extends BackfillEventBase<'migration-deferred'> {
  readonly migration: string;
}

/** The payload of an event, by its type. @publicApi */
export type BackfillEvent<Type extends BackfillEventType = BackfillEventType> = Type extends 'quarantined'
  ? BackfillQuarantinedEvent
  : Type extends 'throttled'
    ? BackfillThrottledEvent
    : Type extends 'migration-deferred'
      ? MigrationDeferredEvent
      : BackfillStatusEvent<Type>;
