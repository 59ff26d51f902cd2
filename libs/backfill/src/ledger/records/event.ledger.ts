import { boolean, json, nullable, text } from '../../postgres/decoders.js';
import type { Statement } from '../../postgres/pipeline.js';
import type { Session } from '../../postgres/session.js';
import { isoTime, toArrayText } from '../../postgres/text-format.js';
import type { LedgerContext } from '../ledger.context.js';

/** An event that is no transition. */
export interface NewEvent {
  readonly type: string;
  /** The name of the backfill or of the migration. */
  readonly name: string;
  readonly version: number | null;
  readonly target: string | null;
  readonly reason: string;
  readonly actor: string;
}

/** An event as the ledger has it. */
export interface RecordedEvent {
  /** The same at each delivery. */
  readonly id: string;
  readonly type: string;
  readonly name: string;
  readonly version: number | null;
  readonly target: string | null;
  readonly from: string | null;
  readonly to: string | null;
  readonly reason: string;
  readonly actor: string;
  readonly at: string;
  /** The key and the tenant of a row in quarantine; null for other events. */
  readonly key: readonly string[] | null;
  readonly tenant: string | null;
  /** The id of the transaction that recorded it. */
  readonly xact: string;
}

/** Events that were not delivered, and the transaction before which there are no others. */
export interface DueEvents {
  readonly events: readonly RecordedEvent[];
  /** Every transaction before this one has ended. */
  readonly horizon: string;
}

/** Events of one read. */
const MAX_EVENTS = 100;
/** The type of a transition. The last two cases are those that a run records. */
const TRANSITION_TYPE = `CASE
  WHEN t.to_status = 'complete' THEN 'completed'
  WHEN t.from_status = 'complete' THEN 'drift'
  WHEN t.from_status IN ('paused', 'cancelled') AND t.to_status <> 'cancelled' THEN 'resumed'
  WHEN t.to_status = 'running' AND t.from_status = 'running' THEN 'continued'
  WHEN t.to_status = 'running' THEN 'started'
  ELSE t.to_status END`;

/** The events of a ledger, and what was delivered to whom. */
export class EventLedger {
  readonly #schema: string;
  readonly #owner: string;

  constructor({ schema, owner }: Pick<LedgerContext, 'schema' | 'owner'>) {
    this.#schema = schema;
    this.#owner = owner;
  }

  add({ type, name, version, target, reason, actor }: NewEvent): Statement {
    return {
      text: `INSERT INTO ${this.#schema}.event (type, name, version, target, reason, actor)
        VALUES ($1, $2, $3::int, $4, $5, $6)`,
      values: [type, name, version === null ? null : String(version), target, reason, actor],
    };
  }

  /**
   * Records methods that receive events from now on.
   *
   * @param since `beginning`: the ledger has just been installed, so that the first run's events are included
   */
  async register(
    session: Session,
    subscribers: readonly string[],
    since: 'now' | 'beginning',
  ): Promise<void> {
    const low =
      since === 'now' ? 'pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())' : `'0'::xid8`;
    await session.transaction([
      {
        text: `INSERT INTO ${this.#schema}.event_subscriber (subscriber, low)
          SELECT subscriber, ${low} FROM pg_catalog.unnest($1::text[]) AS subscriber ORDER BY 1 ON CONFLICT DO NOTHING`,
        values: [toArrayText(subscribers)],
      },
      // A database that was restored from a dump counts its transactions from the start again.
      {
        text: `UPDATE ${this.#schema}.event_subscriber SET low = pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())
          WHERE subscriber = ANY($1::text[]) AND low > pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())`,
        values: [toArrayText(subscribers)],
      },
    ]);
  }

  /** The events of these types that were not delivered to the subscriber, the oldest first. */
  async due(session: Session, subscriber: string, types: readonly string[]): Promise<DueEvents> {
    const { last } = await session.send([
      {
        // One statement, so that the horizon belongs to what it has read.
        text: `SELECT pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())::text, coalesce((
            SELECT pg_catalog.json_agg(due) FROM (
              SELECT event.id, event.type, event.name, event.version, event.target, event.from, event.to, event.reason,
                event.actor, ${isoTime('event.at')} AS at, event.key, event.tenant, event.xact::text
              FROM ${this.#schema}.event_subscriber AS s CROSS JOIN LATERAL (${this.#events()}) AS event
              WHERE s.subscriber = $1 AND event.type = ANY($2::text[]) AND NOT EXISTS (
                SELECT FROM ${this.#schema}.event_delivery AS d WHERE d.subscriber = $1 AND d.event = event.id)
              ORDER BY event.at, event.id LIMIT ${MAX_EVENTS}
            ) AS due), '[]')::text`,
        values: [subscriber, toArrayText(types)],
      },
    ]);
    return last.one({ horizon: text, events: json<readonly RecordedEvent[]>() });
  }

  /** Takes or renews the right to deliver to the subscriber. @returns false if another process has it */
  async lease(session: Session, subscriber: string, durationMs: number): Promise<boolean> {
    const { last } = await session.transaction([
      {
        text: `UPDATE ${this.#schema}.event_subscriber
          SET lease_owner = $2, lease_expires_at = pg_catalog.clock_timestamp() + $3::float8 * interval '1 millisecond'
          WHERE subscriber = $1 AND (lease_owner = $2 OR lease_owner IS NULL OR lease_expires_at < pg_catalog.clock_timestamp())
          RETURNING true`,
        values: [subscriber, this.#owner, String(durationMs)],
      },
    ]);
    return last.firstValue(nullable(boolean)) === true;
  }

  async release(session: Session, subscriber: string): Promise<void> {
    await session.transaction([
      {
        text: `UPDATE ${this.#schema}.event_subscriber SET lease_owner = NULL, lease_expires_at = NULL
          WHERE subscriber = $1 AND lease_owner = $2`,
        values: [subscriber, this.#owner],
      },
    ]);
  }

  async delivered(session: Session, subscriber: string, { id, xact }: RecordedEvent): Promise<void> {
    await session.transaction([
      {
        text: `INSERT INTO ${this.#schema}.event_delivery (subscriber, event, xact) VALUES ($1, $2, $3::xid8)
          ON CONFLICT DO NOTHING`,
        values: [subscriber, id, xact],
      },
    ]);
  }

  /** Forgets what was delivered before the horizon: every event before it is delivered. */
  async advance(session: Session, subscriber: string, horizon: string): Promise<void> {
    await session.transaction([
      {
        text: `UPDATE ${this.#schema}.event_subscriber SET low = greatest(low, $2::xid8) WHERE subscriber = $1`,
        values: [subscriber, horizon],
      },
      {
        text: `DELETE FROM ${this.#schema}.event_delivery WHERE subscriber = $1 AND xact < $2::xid8`,
        values: [subscriber, horizon],
      },
    ]);
  }

  #events(): string {
    return `SELECT 'transition:' || t.id AS id, ${TRANSITION_TYPE} AS type, t.name, t.version, t.target, t.from_status AS from,
        t.to_status AS to, t.reason, t.actor, t.at, NULL::jsonb AS key, NULL::text AS tenant, t.xact
      FROM ${this.#schema}.transition AS t WHERE t.xact >= s.low
      UNION ALL SELECT 'event:' || e.id, e.type, e.name, e.version, e.target, NULL, NULL, e.reason, e.actor, e.at, e.key, e.tenant, e.xact
      FROM ${this.#schema}.event AS e WHERE e.xact >= s.low`;
  }
}
