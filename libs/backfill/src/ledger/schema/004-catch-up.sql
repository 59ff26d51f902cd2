-- By what the table itself rules out that a row becomes pending again: it is not looked for any more.
ALTER TABLE {{schema}}.backfill ADD COLUMN sealed_by text, ADD COLUMN sealed_at timestamptz;

-- Where catch-up stands in looking for pending rows of a backfill, and when it may look again.
CREATE TABLE {{schema}}.catch_up (
  name       text        NOT NULL,
  version    integer     NOT NULL,
  looked_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  index_name text,       -- the index that serves the pending predicate; NULL: none does, keys are looked at some at a time
  cursor_key jsonb,      -- only then: the last key looked at; NULL: begin with the first
  not_before timestamptz, -- when the next look is due at the soonest; NULL: at once
  PRIMARY KEY (name, version),
  FOREIGN KEY (name, version) REFERENCES {{schema}}.backfill ON DELETE CASCADE
);
