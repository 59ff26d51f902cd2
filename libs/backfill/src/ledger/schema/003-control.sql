-- Settings that people have made while a backfill runs. They override the declaration. Rows are never
-- updated: the last row of each setting is in force, and the earlier ones are its history. A NULL value
-- returns to the declaration.
CREATE TABLE {{schema}}.control (
  id      bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name    text        NOT NULL,
  version integer     NOT NULL,
  setting text        NOT NULL,
  value   text,
  set_by  text        NOT NULL,
  why     text,
  set_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  FOREIGN KEY (name, version) REFERENCES {{schema}}.backfill
);
CREATE INDEX ON {{schema}}.control (name, version, setting, id DESC);
