export const STEP_001 = `
-- The library's own tables. {{schema}} is replaced by the quoted name of the ledger's schema.

-- One row for each backfill and version. The rows of older versions are kept.
CREATE TABLE {{schema}}.backfill (
  name         text        NOT NULL,
  version      integer     NOT NULL,
  kind         text        NOT NULL,
  status       text        NOT NULL DEFAULT 'pending'
               CHECK (status IN ('pending', 'running', 'complete', 'incomplete', 'paused', 'cancelled', 'failed')),
  reason       text        NOT NULL,
  waiting_for  text,
  created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  started_at   timestamptz,
  changed_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  completed_at timestamptz,
  PRIMARY KEY (name, version)
);

-- Every change of status, with its reason and its actor, which is a process or a person.
CREATE TABLE {{schema}}.transition (
  id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name        text        NOT NULL,
  version     integer     NOT NULL,
  from_status text        NOT NULL,
  to_status   text        NOT NULL,
  reason      text        NOT NULL,
  actor       text        NOT NULL,
  at          timestamptz NOT NULL DEFAULT clock_timestamp(),
  FOREIGN KEY (name, version) REFERENCES {{schema}}.backfill
);
CREATE INDEX ON {{schema}}.transition (name, version);

-- The unit of work: the keys above lower_key up to upper_key, under a lease. A key is a JSON array with one
-- text for each key column. The sweep moves through the range in windows, so that no statement reads more
-- than one window.
CREATE TABLE {{schema}}.range (
  id               bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name             text        NOT NULL,
  version          integer     NOT NULL,
  tenants          text[],     -- the tenants of the run, sorted; NULL: all rows
  purpose          text        NOT NULL CHECK (purpose IN ('sweep', 'retry')),
  state            text        NOT NULL CHECK (state IN ('sweeping', 'settling', 'done')),
  lower_key        jsonb,      -- exclusive; NULL: from the first key
  upper_key        jsonb,      -- inclusive; NULL only for a retry, which has no keys to sweep
  cursor_key       jsonb,      -- the last key that the sweep has passed; NULL: none yet
  window_lower_key jsonb,      -- exclusive
  window_upper_key jsonb,      -- inclusive
  lease_owner      text,
  lease_expires_at timestamptz,
  fencing_token    bigint      NOT NULL DEFAULT 0,
  updated          bigint      NOT NULL DEFAULT 0,
  batches          bigint      NOT NULL DEFAULT 0,
  created_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  finished_at      timestamptz,
  FOREIGN KEY (name, version) REFERENCES {{schema}}.backfill
) WITH (fillfactor = 50); -- leaves space for heap-only updates, because each batch updates a row
CREATE INDEX ON {{schema}}.range (name, version) WHERE state <> 'done';

-- Rows that another transaction had locked when the sweep read them. The settling pass changes them. Each range has
-- its own list, because the run of one tenant and the run of all tenants may skip the same row.
CREATE TABLE {{schema}}.skipped_row (
  name       text        NOT NULL,
  version    integer     NOT NULL,
  key        jsonb       NOT NULL,
  range_id   bigint      NOT NULL REFERENCES {{schema}}.range,
  tenant     text,
  skipped_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (range_id, key)
);
CREATE INDEX ON {{schema}}.skipped_row (name, version, key);

-- Rows that cannot be changed, with their errors.
CREATE TABLE {{schema}}.quarantined_row (
  name           text        NOT NULL,
  version        integer     NOT NULL,
  key            jsonb       NOT NULL,
  tenant         text,
  error          text        NOT NULL,
  error_code     text,
  attempts       integer     NOT NULL DEFAULT 1,
  first_tried_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  last_tried_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (name, version, key)
);

-- The number of changed rows of each tenant.
CREATE TABLE {{schema}}.tenant_progress (
  name            text        NOT NULL,
  version         integer     NOT NULL,
  tenant          text,
  updated         bigint      NOT NULL DEFAULT 0,
  last_touched_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 50);
CREATE UNIQUE INDEX tenant_progress_key
  ON {{schema}}.tenant_progress (name, version, (tenant IS NULL), (coalesce(tenant, '')));

-- An assertion: raises the given error unless the condition is true. The server then skips the COMMIT that was sent
-- together with the batch.
CREATE FUNCTION {{schema}}.demand(holds boolean, code text, message text) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
  IF holds THEN RETURN true; END IF;
  RAISE EXCEPTION USING ERRCODE = code, MESSAGE = message;
END
$$;
`;
