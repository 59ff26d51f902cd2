export const STEP_009 = `
-- Samples of the progress of a run. Each process adds a row every few seconds while it works on a backfill. Counts are those of the
-- process since it began, so that the difference of any two rows of a run is right, also after rows between them were
-- deleted. Old rows are thinned out.
CREATE TABLE {{schema}}.sample (
  id            bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name          text        NOT NULL,
  version       integer     NOT NULL,
  target        text        NOT NULL,
  run           text        NOT NULL, -- the process and its run
  at            timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  updated       bigint      NOT NULL,
  batches       bigint      NOT NULL,
  remaining     bigint,     -- pending rows that are left, by the count or the estimate at the start of the run
  batch_size    integer,    -- rows of the last batch
  throttled_ms  bigint      NOT NULL DEFAULT 0, -- milliseconds that throttles have held the run
  waiting_for   text,       -- NULL: the run is changing rows
  waiting_since timestamptz,
  FOREIGN KEY (name, version, target) REFERENCES {{schema}}.backfill ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE INDEX ON {{schema}}.sample (name, version, target, at DESC);
CREATE INDEX ON {{schema}}.sample (at);

-- The transaction that has made the record. A record is visible only after its commit, and a smaller id may commit later
-- than a larger one: who reads records in the order of their transactions misses none. Two statements, because a default
-- in the first one would rewrite the table. NULL: made before this step.
ALTER TABLE {{schema}}.transition ADD COLUMN xact xid8;
ALTER TABLE {{schema}}.transition ALTER COLUMN xact SET DEFAULT pg_catalog.pg_current_xact_id();
CREATE INDEX ON {{schema}}.transition (xact);

-- Events that are no transition, e.g. a row that goes to quarantine, or a throttle that holds a run.
CREATE TABLE {{schema}}.event (
  id      bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  type    text        NOT NULL,
  name    text        NOT NULL, -- of the backfill or the migration
  version integer,
  target  text,
  reason  text        NOT NULL,
  actor   text        NOT NULL,
  key     jsonb,                -- of the row
  tenant  text,                 -- of the row
  at      timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  xact    xid8        NOT NULL DEFAULT pg_catalog.pg_current_xact_id()
);
CREATE INDEX ON {{schema}}.event (xact);

-- The methods of the application that receive events. One process at a time delivers to a method.
CREATE TABLE {{schema}}.event_subscriber (
  subscriber       text        PRIMARY KEY,
  since            timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  low              xid8        NOT NULL, -- events of earlier transactions are delivered
  lease_owner      text,
  lease_expires_at timestamptz
);

-- Delivered events of transactions from \`low\` on.
CREATE TABLE {{schema}}.event_delivery (
  subscriber   text        NOT NULL REFERENCES {{schema}}.event_subscriber ON DELETE CASCADE,
  event        text        NOT NULL,
  xact         xid8        NOT NULL,
  delivered_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  PRIMARY KEY (subscriber, event)
);

-- For people and their tools. The columns of these views stay; the tables may change.
CREATE VIEW {{schema}}.v_progress AS
SELECT b.name, b.version, b.target, b.kind, b.status, b.reason, b.waiting_for,
  coalesce(r.updated, 0)::bigint AS updated, coalesce(r.batches, 0)::bigint AS batches,
  (SELECT pg_catalog.count(*) FROM {{schema}}.quarantined_row AS q
    WHERE q.name = b.name AND q.version = b.version AND q.target = b.target) AS quarantined,
  r.leased_by, s.remaining, b.started_at, b.changed_at, b.completed_at,
  coalesce(b.completed_at, CASE WHEN b.status = 'running' THEN pg_catalog.clock_timestamp() ELSE b.changed_at END) - b.started_at AS duration
FROM {{schema}}.backfill AS b
CROSS JOIN LATERAL (SELECT pg_catalog.sum(updated) AS updated, pg_catalog.sum(batches) AS batches,
    pg_catalog.max(lease_owner) FILTER (WHERE lease_expires_at > pg_catalog.clock_timestamp()) AS leased_by
  FROM {{schema}}.range AS r WHERE r.name = b.name AND r.version = b.version AND r.target = b.target) AS r
LEFT JOIN LATERAL (SELECT remaining FROM {{schema}}.sample AS s
  WHERE s.name = b.name AND s.version = b.version AND s.target = b.target ORDER BY at DESC LIMIT 1) AS s ON true;

CREATE VIEW {{schema}}.v_tenants AS
SELECT name, version, target, tenant, pg_catalog.sum(updated)::bigint AS updated, pg_catalog.sum(skipped)::bigint AS skipped,
  pg_catalog.sum(quarantined)::bigint AS quarantined, pg_catalog.max(touched_at) AS last_touched_at
FROM (
  SELECT name, version, target, tenant, updated, 0 AS skipped, 0 AS quarantined, last_touched_at AS touched_at
    FROM {{schema}}.tenant_progress
  UNION ALL SELECT name, version, target, pg_catalog.max(tenant), 0, 1, 0, pg_catalog.max(skipped_at)
    FROM {{schema}}.skipped_row GROUP BY name, version, target, key
  UNION ALL SELECT name, version, target, tenant, 0, 0, 1, last_tried_at FROM {{schema}}.quarantined_row
) AS touched
GROUP BY name, version, target, tenant;

CREATE VIEW {{schema}}.v_history AS
SELECT at, name, version, target, 'status' AS what, from_status AS before, to_status AS after, reason, actor
  FROM {{schema}}.transition
UNION ALL SELECT set_at, name, version, target, setting, NULL, coalesce(value, 'as declared'), why, set_by
  FROM {{schema}}.control WHERE setting <> 'hold' -- for tables that get their record later; transitions say it too
UNION ALL SELECT at, name, version, target, type, NULL, NULL, reason, actor FROM {{schema}}.event;
`;
