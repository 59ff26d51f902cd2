export const STEP_006 = `
-- Ranges of pages. A position is a JSON array of texts: a ctid, the number of the stripe, the first page of the region,
-- and after the region's first batch the first page behind it and its number of stripes. The bounds of a range are
-- \`["(page,0)", "0", "page"]\`. The columns below are NULL for a range of keys.
ALTER TABLE {{schema}}.range
  ADD COLUMN table_name text, -- quoted and qualified: the table or partition that the pages belong to
  ADD COLUMN table_id   oid,
  ADD COLUMN file_node  oid;  -- pg_class.relfilenode when the sweep was planned; a rewrite of the table changes it
`;
