-- The process that carries out a phase of a deployment. One row for each phase. The holder renews its lease
-- while it runs.
CREATE TABLE {{schema}}.deploy_lease (
  phase         text        PRIMARY KEY,
  owner         text        NOT NULL,
  described     text        NOT NULL,
  fencing_token bigint      NOT NULL,
  acquired_at   timestamptz NOT NULL,
  expires_at    timestamptz NOT NULL
);

-- Indexes that were declared in code at some time. One that is no longer declared can so be told apart from
-- indexes that the library never knew.
CREATE TABLE {{schema}}.online_index (
  name        text        NOT NULL,
  table_name  text        NOT NULL,
  definition  text        NOT NULL,
  declared_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (table_name, name)
);
