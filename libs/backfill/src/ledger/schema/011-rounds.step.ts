export const STEP_011 = `
-- The rounds of catch-up, for people. A round that found nothing is kept for an hour, each other one for 30 days.
CREATE TABLE {{schema}}.catch_up_round (
  id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  job         text        NOT NULL, -- the name of the job in the scheduler
  process     text        NOT NULL, -- host and pid
  started_at  timestamptz NOT NULL,
  ended_at    timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  inspected   integer     NOT NULL, -- backfills
  ran         integer     NOT NULL, -- backfills that were due
  updated     bigint      NOT NULL, -- rows
  failed      integer     NOT NULL, -- backfills
  problem     text                  -- of the first backfill that failed or could not be inspected
);

-- The last span of a run, in the format of W3C Trace Context. The next run links to it, also in another process.
CREATE TABLE {{schema}}.run_trace (
  name        text        NOT NULL,
  version     integer     NOT NULL,
  target      text        NOT NULL,
  traceparent text        NOT NULL,
  at          timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  PRIMARY KEY (name, version, target),
  FOREIGN KEY (name, version, target) REFERENCES {{schema}}.backfill ON UPDATE CASCADE ON DELETE CASCADE
);
`;
