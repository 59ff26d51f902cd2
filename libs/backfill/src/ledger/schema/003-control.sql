-- What people have set while a backfill runs, over what the code says. Nothing is overwritten: of each setting the last line
-- holds, and the ones before it tell who had set what. NULL: back to what the code says.
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
