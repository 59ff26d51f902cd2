export const STEP_007 = `
-- While an old snapshot is open, PostgreSQL keeps every version of a row, and a search by key reads all of them. A range
-- and the progress of a tenant are updated once a batch, so the cost of a batch would grow with the number of batches.
-- With \`chain\` in the key, a search begins at the newest 32 versions.
ALTER TABLE {{schema}}.skipped_row DROP CONSTRAINT skipped_row_range_id_fkey;
ALTER TABLE {{schema}}.range
  ADD COLUMN revision bigint NOT NULL DEFAULT 0, -- the number of updates
  ADD COLUMN chain    bigint NOT NULL GENERATED ALWAYS AS (revision / 32) STORED,
  DROP CONSTRAINT range_pkey,
  ADD PRIMARY KEY (id, chain); -- an identity column: \`id\` alone is unique

-- A tenant may have several rows, whose sum is its progress. A batch adds to the last one, or begins a new one.
ALTER TABLE {{schema}}.tenant_progress
  ADD COLUMN chain    bigint  NOT NULL DEFAULT 0,
  ADD COLUMN revision integer NOT NULL DEFAULT 0; -- the number of updates
DROP INDEX {{schema}}.tenant_progress_key;
CREATE UNIQUE INDEX tenant_progress_key
  ON {{schema}}.tenant_progress (name, version, (tenant IS NULL), (coalesce(tenant, '')), chain);
`;
