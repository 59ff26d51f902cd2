export const STEP_003 = `
-- Settings that a person has changed. They override the declaration. Rows are never updated: the last row of each
-- setting applies, and the earlier rows are its history. If its value is NULL, the declaration applies again.
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
`;
