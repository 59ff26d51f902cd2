export const STEP_008 = `
-- An earlier release can use a ledger that only has additive steps that it does not know.
ALTER TABLE {{schema}}.installed_step ADD COLUMN additive boolean NOT NULL DEFAULT false;

-- In the order in which a run locks them.
LOCK TABLE {{schema}}.backfill, {{schema}}.range IN ACCESS EXCLUSIVE MODE;

-- A record is about one physical table, its target: schema.table, quoted where necessary. Applications with a schema
-- for each tenant share a ledger, and each of their tables has records of its own. The target '' marks a record of an
-- earlier release, which the first run on a table takes over. In "control" it stands for every target.
ALTER TABLE {{schema}}.transition DROP CONSTRAINT transition_name_version_fkey, ADD COLUMN target text NOT NULL DEFAULT '';
ALTER TABLE {{schema}}.range DROP CONSTRAINT range_name_version_fkey, ADD COLUMN target text NOT NULL DEFAULT '';
ALTER TABLE {{schema}}.control DROP CONSTRAINT control_name_version_fkey, ADD COLUMN target text NOT NULL DEFAULT '';
ALTER TABLE {{schema}}.catch_up DROP CONSTRAINT catch_up_name_version_fkey, DROP CONSTRAINT catch_up_pkey,
  ADD COLUMN target text NOT NULL DEFAULT '', ADD PRIMARY KEY (name, version, target);
ALTER TABLE {{schema}}.backfill DROP CONSTRAINT backfill_pkey,
  ADD COLUMN target   text NOT NULL DEFAULT '',
  ADD COLUMN table_id oid, -- a table that was dropped and made again has another one
  ADD PRIMARY KEY (name, version, target);
CREATE INDEX ON {{schema}}.backfill (name, table_id);
ALTER TABLE {{schema}}.transition
  ADD FOREIGN KEY (name, version, target) REFERENCES {{schema}}.backfill ON UPDATE CASCADE ON DELETE CASCADE;
ALTER TABLE {{schema}}.range
  ADD FOREIGN KEY (name, version, target) REFERENCES {{schema}}.backfill ON UPDATE CASCADE ON DELETE CASCADE;
ALTER TABLE {{schema}}.catch_up
  ADD FOREIGN KEY (name, version, target) REFERENCES {{schema}}.backfill ON UPDATE CASCADE ON DELETE CASCADE;
DROP INDEX {{schema}}.transition_name_version_idx;
CREATE INDEX ON {{schema}}.transition (name, version, target);
DROP INDEX {{schema}}.range_name_version_idx;
CREATE INDEX ON {{schema}}.range (name, version, target) WHERE state <> 'done';
CREATE INDEX ON {{schema}}.range (name, version, target);
DROP INDEX {{schema}}.control_name_version_setting_id_idx;
CREATE INDEX ON {{schema}}.control (name, version, target, setting, id DESC);

ALTER TABLE {{schema}}.skipped_row ADD COLUMN target text NOT NULL DEFAULT '';
DROP INDEX {{schema}}.skipped_row_name_version_key_idx;
CREATE INDEX ON {{schema}}.skipped_row (name, version, target, key);
ALTER TABLE {{schema}}.quarantined_row DROP CONSTRAINT quarantined_row_pkey,
  ADD COLUMN target text NOT NULL DEFAULT '', ADD PRIMARY KEY (name, version, target, key);
ALTER TABLE {{schema}}.tenant_progress ADD COLUMN target text NOT NULL DEFAULT '';
DROP INDEX {{schema}}.tenant_progress_key;
CREATE UNIQUE INDEX tenant_progress_key
  ON {{schema}}.tenant_progress (name, version, target, (tenant IS NULL), (coalesce(tenant, '')), chain);

-- A person's pause or cancellation held each table that shared the record. It still does.
INSERT INTO {{schema}}.control (name, version, setting, value, set_by, why)
SELECT b.name, b.version, 'hold', b.status, t.actor, b.reason FROM {{schema}}.backfill AS b
CROSS JOIN LATERAL (SELECT actor FROM {{schema}}.transition AS last
  WHERE last.name = b.name AND last.version = b.version ORDER BY id DESC LIMIT 1) AS t
WHERE b.status IN ('paused', 'cancelled') AND t.actor !~ ':[0-9]+:[^:]+$'; -- not a run, which is host:pid:run
`;
