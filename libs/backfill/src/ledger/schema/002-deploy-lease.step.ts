export const STEP_002 = `
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

-- Indexes that were declared in code at some time. The library reports an index that is no longer declared, and
-- ignores an index that was never declared.
CREATE TABLE {{schema}}.online_index (
  name        text        NOT NULL,
  table_name  text        NOT NULL,
  definition  text        NOT NULL,
  declared_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (table_name, name)
);
`;
