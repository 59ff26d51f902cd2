export const STEP_004 = `
-- The constraint or the migration that prevents rows from becoming pending again (the seal). Catch-up does not probe a
-- sealed backfill.
ALTER TABLE {{schema}}.backfill ADD COLUMN sealed_by text, ADD COLUMN sealed_at timestamptz;

-- The last probe of catch-up for pending rows of a backfill, and when the next one may start.
CREATE TABLE {{schema}}.catch_up (
  name       text        NOT NULL,
  version    integer     NOT NULL,
  looked_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  index_name text,       -- the index that serves the pending predicate; NULL: none does, and a probe reads a limited number of keys
  cursor_key jsonb,      -- only without an index: the last key that was read; NULL: start with the first key
  not_before timestamptz, -- the earliest time of the next probe; NULL: at once
  PRIMARY KEY (name, version),
  FOREIGN KEY (name, version) REFERENCES {{schema}}.backfill ON DELETE CASCADE
);
`;
