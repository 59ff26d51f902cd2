-- Who carries out a phase of a deployment. One row a phase; the holder renews its lease while it lives.
CREATE TABLE {{schema}}.deploy_lease (
  phase         text        PRIMARY KEY,
  owner         text        NOT NULL,
  described     text        NOT NULL,
  fencing_token bigint      NOT NULL,
  acquired_at   timestamptz NOT NULL,
  expires_at    timestamptz NOT NULL
);
